"""Keeps the indexes of `debian:` from piling up: what nobody looked into for a month goes when another one is made.

    <debian>/releases/<pocket>.release                     see `release_cache`; goes only when everything goes
    <debian>/<keys>/<suite>-<arch>.{sqlite,json,lock,part} see `suite_database`

There is no limit in bytes: how much there is follows from how many suites are in use. A file is removed under the lock
of whoever makes it, so none is missing between being made and being opened; one that is open stays readable.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from devenv.fetch.debian.release_cache import RELEASES
from devenv.fetch.debian.suite_database import UNFINISHED_SUFFIX, lock_path, note_path
from devenv.fetch.eviction import CachedFile, Cleaning, iter_cached, make_cleaning
from devenv.fsutil import find_unfinished, locked

UNUSED_DAYS = 30
DAY = 24 * 60 * 60

DIRECTORY = re.compile(rf"[0-9a-f]{{16}}|{RELEASES}", re.ASCII)
INDEX = re.compile(r"[a-z0-9-]+\.(?:release|sqlite|json)", re.ASCII)


def list_indexes(debian: Path) -> list[CachedFile]:
    """All releases and databases with their notes, whatever keys they were believed with; in no order."""
    return list(iter_cached(debian, DIRECTORY, INDEX))


def plan_index_cleaning(debian: Path, *, everything: bool = False) -> Cleaning:
    """What `clean_indexes` would do."""
    files = list_indexes(debian)
    leftovers = sum(1 for directory in _find_directories(debian) for _ in _iter_leftovers(directory))
    return make_cleaning(files, _plan(files, everything=everything), leftovers)


def clean_indexes(debian: Path, *, everything: bool = False) -> Cleaning:
    """Remove databases that were not used for `UNUSED_DAYS`, or `everything`, and what killed processes left.

    What another process is making at this moment stays. Raises OSError where something cannot be removed.
    """
    leftovers = [_remove_leftovers(directory) for directory in _find_directories(debian)]
    files = list_indexes(debian)
    removed = [file for file in _plan(files, everything=everything) if _remove(debian / file.directory / file.name)]
    if everything:
        _forget_locks(debian)
    return make_cleaning(files, removed, sum(leftovers))


def drop_database(path: Path) -> None:
    """Remove a database and its note, unless it is being made just now. Raises OSError where it cannot be removed."""
    with _held(path) as held:
        if held:
            path.unlink(missing_ok=True)
            note_path(path).unlink(missing_ok=True)


def _plan(files: Sequence[CachedFile], *, everything: bool) -> list[CachedFile]:
    if everything:
        return list(files)
    oldest = time.time_ns() - UNUSED_DAYS * DAY * 10**9
    # A note is as old as the making of its database, and goes with it.
    fresh = {(file.directory, Path(file.name).stem) for file in files if file.used >= oldest}
    return [
        file
        for file in files
        if not file.name.endswith(".release") and (file.directory, Path(file.name).stem) not in fresh
    ]


def _remove(path: Path) -> bool:
    """Remove a file of the cache; whether it has gone."""
    if path.suffix == ".release":
        path.unlink(missing_ok=True)
        return True
    with _held(path) as held:
        if held:
            path.unlink(missing_ok=True)
        return held


def _held(path: Path) -> contextlib.AbstractContextManager[bool]:
    """The lock of whoever makes the database that `path` belongs to; yields whether nobody does."""
    return locked(lock_path(path), wait=False)


def _iter_leftovers(directory: Path) -> Iterator[Path]:
    yield from find_unfinished(directory)
    for path in sorted(directory.glob(f"*{UNFINISHED_SUFFIX}")):
        with _held(path) as held:
            if held:
                yield path


def _remove_leftovers(directory: Path) -> int:
    count = 0
    for path in _iter_leftovers(directory):
        path.unlink(missing_ok=True)
        count += 1
    return count


def _forget_locks(debian: Path) -> None:
    for directory in _find_directories(debian):
        for path in directory.glob("*.lock"):
            with locked(path, wait=False) as held:
                if held:
                    path.unlink(missing_ok=True)
        # What is not ours, or was written meanwhile, keeps its directory.
        with contextlib.suppress(OSError):
            directory.rmdir()


def _find_directories(debian: Path) -> list[Path]:
    found = (path for path in debian.glob("*") if DIRECTORY.fullmatch(path.name))
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())
