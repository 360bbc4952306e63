"""Keeps artifacts readable for the process that found or fetched them, whatever others remove meanwhile.

    <artifacts>/in-use/<name>/<sha256>   a second name (hard link) of an artifact, for one process that uses it
    <artifacts>/in-use/<name>.lock       held as long as that process does

Whoever wants to read an artifact makes a name of its own for it, in one step that succeeds or finds nothing, and reads
by that name. So a cleaning needs to agree with nobody: what it removes from the cache a moment too early is downloaded
again some day, but never missing under somebody's hands. What a killed process left takes no lock, and goes with the
next cleaning or download.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path

from devenv.digest import SHA256_HEX
from devenv.fsutil import UNFINISHED, delete_tree, locked, make_private_directory, temporary_name

LOCK_SUFFIX = ".lock"
GUARDED_NAME = re.compile(rf"({UNFINISHED.pattern}|{SHA256_HEX.pattern})", re.ASCII)
"""What lies beside a lock: a user's directory, or a file that is being downloaded."""


class ArtifactUse:
    """The names that one user of the cache in `artifacts` has for its files. `close` gives them back."""

    def __init__(self, artifacts: Path) -> None:
        self._directory = in_use_path(artifacts)
        self._turn = threading.Lock()
        self._opened = contextlib.ExitStack()
        self._own: Path | None = None

    def claim(self, path: Path) -> Path:
        """A name for the artifact `path` under which it stays until `close`.

        Raises FileNotFoundError where there is none (any more), OSError where the file cannot have a second name.
        """
        name = self._make_own() / path.name
        with contextlib.suppress(FileExistsError):
            os.link(path, name, follow_symlinks=False)
        return name

    def release(self, sha256: str) -> None:
        """Give one name back; none there is no error."""
        if self._own is not None:
            (self._own / sha256).unlink(missing_ok=True)

    def close(self) -> None:
        """Give all names back. New ones may be claimed."""
        with self._turn:
            self._own = None
            self._opened.close()

    def _make_own(self) -> Path:
        with self._turn:
            if self._own is None:
                own = make_private_directory(self._directory) / temporary_name()
                lock = own.with_name(own.name + LOCK_SUFFIX)
                with contextlib.ExitStack() as stack:
                    stack.enter_context(locked(lock))
                    stack.callback(lock.unlink, missing_ok=True)
                    stack.callback(delete_tree, own)
                    own.mkdir(mode=0o700)
                    self._opened = stack.pop_all()
                self._own = own
            return self._own


def in_use_path(artifacts: Path) -> Path:
    """The directory that holds the names of all users of the cache in `artifacts`."""
    return artifacts / "in-use"


def find_in_use(artifacts: Path) -> set[str]:
    """The SHA-256 of every artifact that a living process uses."""
    directory = in_use_path(artifacts)
    living = set(_list_names(directory)) - set(find_abandoned(directory))
    return {name for each in living for name in _list_names(directory / each) if SHA256_HEX.fullmatch(name)}


def find_abandoned(directory: Path) -> list[str]:
    """What in `directory` lies beside a lock that nobody holds: each name once, without `.lock`, in order."""
    return [name for name in _names_with_locks(directory) if _is_abandoned(directory / f"{name}{LOCK_SUFFIX}")]


def remove_abandoned(directory: Path) -> int:
    """Delete what `find_abandoned` finds, with the locks; returns how much that was."""
    removed = 0
    for name in _names_with_locks(directory):
        lock = directory / f"{name}{LOCK_SUFFIX}"
        with locked(lock, wait=False) as held:
            if held:
                delete_tree(directory / name)
                lock.unlink(missing_ok=True)
                removed += 1
    return removed


def _is_abandoned(lock: Path) -> bool:
    if not lock.exists():
        return True
    with locked(lock, wait=False) as held:
        return held


def _names_with_locks(directory: Path) -> list[str]:
    names = {name.removesuffix(LOCK_SUFFIX) for name in _list_names(directory)}
    return sorted(filter(GUARDED_NAME.fullmatch, names))


def _list_names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
