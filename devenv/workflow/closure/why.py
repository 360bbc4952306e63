"""`devenv why`: where something comes from, by the lock of the project here, and what keeps it in the store."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from devenv.environment.project import find_project_path
from devenv.errors import DevenvError, UsageError
from devenv.project_names import LOCK_NAME
from devenv.system import System
from devenv.workflow.closure.origins import find_origins
from devenv.workflow.closure.read import read_closure
from devenv.workflow.closure.results import Origin
from devenv.workflow.store import explain, find_keeper
from devenv.workflow.store_results import WhyResult
from devenv.workflow.tools import Tools


def explain_name(tools: Tools, start: Path, name: str, environment: str, system: System | None = None) -> WhyResult:
    """What `name` means in the project at or above `start`, and in the store; an object may be any project's.

    Raises UsageError (`object-unknown`, `object-ambiguous`), and as `read_closure` does where nothing in the store is
    called so either.
    """
    failure: DevenvError | None = None
    origins: tuple[Origin, ...] = ()
    if not _is_path(name):
        try:
            origins = _find_here(tools, start, name, environment, system)
        except DevenvError as error:
            failure = error
    if not origins:
        try:
            return explain(tools, name)
        except UsageError as error:
            raise _unknown_here(start, name, error, failure) from error
    member = origins[0].member
    if origins[0].file is None and member is not None and member.output is not None and member.present:
        return replace(find_keeper(tools, member.output), origins=origins)
    return WhyResult(None, None, (), origins)


def _is_path(name: str) -> bool:
    """Whether it is spelt as a path: a name in the lock has a slash only behind `pypi:` or `debian:`."""
    return os.path.isabs(name) or name.startswith(("./", "../")) or ("/" in name and ":" not in name)


def _find_here(tools: Tools, start: Path, name: str, environment: str, system: System | None) -> tuple[Origin, ...]:
    path = find_project_path(start)
    if path is None or not os.path.lexists(path / LOCK_NAME):
        return ()
    return find_origins(tools, read_closure(tools, start, environment, system), name)


def _unknown_here(start: Path, name: str, error: UsageError, failure: DevenvError | None) -> DevenvError:
    if failure is not None:
        return failure
    if error.slug != "object-unknown" or _is_path(name):
        return error
    project = None
    with contextlib.suppress(DevenvError):
        project = find_project_path(start)
    if project is None:
        return error
    return UsageError(
        f"nothing is called `{name}` here: no package, file or program of `{project}`, and no object in the store",
        hint="`devenv tree --files` lists packages and files",
        slug="object-unknown",
    )
