"""The archive of a closure between two runs: taken over before one, written after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devenv.environment.project import Project
from devenv.errors import StoreError
from devenv.events import Notice
from devenv.store_path import StorePath
from devenv.workflow.tools import Tools


def take_archive(tools: Tools, path: Path) -> int | None:
    """Import the archive at `path`; returns how many objects it holds. None: it is of no use.

    A cache may be damaged. That is told, and what it should have held is had in the usual way.
    """
    from devenv.store.archive import import_archive

    with path.open("rb") as source:
        try:
            return len(import_archive(tools.store, source, tools.report))
        except StoreError as error:
            details = "".join(f"; {line}" for line in error.details)
            tools.report(Notice(f"`{path}` is of no use and will be written anew: {error.message}{details}"))
            return None


def leave_archive(tools: Tools, project: Project, objects: Iterable[StorePath], path: Path) -> int:
    """Write what is here of `objects`, with all that they refer to, and what the lock is evaluated with.

    With its inputs, the lock can be evaluated without asking for them, by a later devenv too. Returns how many objects
    these are.
    """
    from devenv.workflow.input_sets import keep_inputs
    from devenv.workflow.store import write_archive

    named = [*objects, *keep_inputs(tools, project.require_lock())]
    targets = {*tools.store.database.valid_paths(named)}
    path.parent.mkdir(parents=True, exist_ok=True)
    return len(write_archive(tools, sorted(targets), path).paths)
