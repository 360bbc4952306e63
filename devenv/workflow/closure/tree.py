"""`devenv tree`: an environment from what was asked for down."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from devenv.errors import UsageError
from devenv.system import System
from devenv.workflow.closure.read import read_closure
from devenv.workflow.closure.results import ClosureResult, Part, TreeResult
from devenv.workflow.tools import Tools

ORDER = (Part.PACKAGE, Part.DEPENDENCY, Part.RUNTIME, Part.OBJECT)


def show_tree(
    tools: Tools, start: Path, names: Sequence[str], environment: str, system: System | None = None
) -> TreeResult:
    """The environment of the project here from the members `names` down (none: from all that was asked for).

    Raises UsageError (`member-unknown`), and as `read_closure` does.
    """
    closure = read_closure(tools, start, environment, system)
    return TreeResult(closure, tuple(_require_member(closure, name) for name in names) or closure.asked)


def _require_member(closure: ClosureResult, name: str) -> str:
    """The key of the member that is called `name`. Raises UsageError (`member-unknown`)."""
    for part in ORDER:
        for member in closure.members.values():
            if member.part is part and name in (member.name, member.key):
                return member.key
    near = difflib.get_close_matches(name, [each.name for each in closure.members.values()], n=1)
    raise UsageError(
        f"nothing is called `{name}` among the packages of `{closure.project}` for {closure.system}",
        hint=f"did you mean `{near[0]}`" if near else "`devenv tree` lists them",
        slug="member-unknown",
    )
