"""The archive of a closure between two runs: taken over before one, written after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

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


def leave_archive(tools: Tools, outputs: Iterable[tuple[str, StorePath]], environment: StorePath, path: Path) -> int:
    """Write the environment and what is here of the lock's `outputs`, with all that they refer to.

    Returns how many objects these are.
    """
    from devenv.workflow.store import write_archive

    targets = {environment, *tools.store.database.valid_paths(output for _, output in outputs)}
    path.parent.mkdir(parents=True, exist_ok=True)
    return len(write_archive(tools, sorted(targets), path).paths)
