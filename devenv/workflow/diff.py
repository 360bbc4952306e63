"""Compares two locks: of git's revisions, of files, and the one that there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.environment.project import require_project_path
from devenv.errors import LockError, Place, UsageError
from devenv.lock.compare import review_locks
from devenv.lock.parse import SIZE_LIMIT, parse_lock
from devenv.project_names import LOCK_NAME
from devenv.workflow.review_results import DiffResult
from devenv.workflow.reviewing import find_end_of_life, find_installed, know_needs
from devenv.workflow.tools import Tools

if TYPE_CHECKING:
    from devenv.build.project.git_revisions import Revisions
    from devenv.lock.model import Lock

USUAL_REVISION = "HEAD"
FILE = re.compile(r"(?:/|\.{1,2}/|~/).*|.*\.lock", re.DOTALL)
"""What names a file and no revision; git's own names of branches and tags never end in `.lock`."""
RANGE = re.compile(r"(?P<first>[^.].*?|)(?P<dots>\.{2,3})(?P<second>[^./].*|)", re.DOTALL)
SHOWN_HASH = 12
CURRENT = "now"
"""What the project's lock as it is now is called."""


@dataclass(frozen=True, slots=True)
class Side:
    """A lock (None: there is none), and in words which it is."""

    name: str
    lock: Lock | None


def diff_locks(tools: Tools, start: Path, names: Sequence[str]) -> DiffResult:
    """What tells apart two revisions or files; without the second the project's lock, without any `HEAD` and that.

    `A..B` are two revisions, `A...B` the one where they parted and `B`. Raises UsageError, LockError, BuildError.
    """
    before, after = _Sides(tools, start).read(names)
    if after.lock is None:
        raise LockError(
            f"`{after.name}` has no `{LOCK_NAME}`",
            hint="run `devenv lock` to make one, or name another revision",
            slug="lock-missing",
        )
    review = review_locks(before.lock, after.lock, know_needs(tools, start, after.lock))
    installed = find_installed(tools, before.lock, after.lock)
    return DiffResult(before.name, after.name, review, installed, before.lock is not None, find_end_of_life(after.lock))


class _Sides:
    """Reads what arguments name."""

    def __init__(self, tools: Tools, start: Path) -> None:
        self._tools = tools
        self._start = start
        self._revisions: Revisions | None = None

    def read(self, names: Sequence[str]) -> tuple[Side, Side]:
        if len(names) == 1 and FILE.fullmatch(names[0]) is None:
            found = RANGE.fullmatch(names[0])
            if found is not None:
                first, second = found["first"] or USUAL_REVISION, found["second"] or USUAL_REVISION
                return self._read_range(first, second, parted=found["dots"] == "...")
        if len(names) == 2:
            return self._read_named(names[0]), self._read_named(names[1])
        return self._read_named(*names or (USUAL_REVISION,)), self._read_current()

    def _read_range(self, first: str, second: str, *, parted: bool) -> tuple[Side, Side]:
        if not parted:
            return self._read_revision(first), self._read_revision(second)
        revisions = self._open_revisions()
        base = revisions.find_base(revisions.find(first), revisions.find(second))
        return self._read_revision(base), self._read_revision(second)

    def _read_current(self) -> Side:
        path = require_project_path(self._start)
        return self._read_file(path / LOCK_NAME, CURRENT)

    def _read_named(self, name: str) -> Side:
        if FILE.fullmatch(name) is None:
            return self._read_revision(name)
        side = self._read_file(self._start / Path(name).expanduser(), name)
        if side.lock is None:
            raise UsageError(f"there is no file `{name}`", hint="look at its path", slug="file-missing")
        return side

    def _read_file(self, path: Path, name: str) -> Side:
        from devenv.fsutil import read_regular

        try:
            content = read_regular(path, SIZE_LIMIT)
        except FileNotFoundError:
            return Side(name, None)
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            raise LockError(
                f"`{path}` is no lock: {reason}", hint="name another file", place=Place(str(path))
            ) from error
        return Side(name, parse_lock(content, str(path)))

    def _read_revision(self, revision: str) -> Side:
        revisions = self._open_revisions()
        commit = revisions.find(revision)
        content = revisions.read(commit, LOCK_NAME, SIZE_LIMIT)
        shown = revision if not commit.startswith(revision) else commit[:SHOWN_HASH]
        return Side(shown, None if content is None else parse_lock(content, f"{shown}:{LOCK_NAME}"))

    def _open_revisions(self) -> Revisions:
        if self._revisions is None:
            from devenv.activation.state import leave_inherited
            from devenv.build.project.git_revisions import open_revisions

            environ = leave_inherited(self._tools.settings, self._tools.environ)
            self._revisions = open_revisions(environ, require_project_path(self._start))
        return self._revisions
