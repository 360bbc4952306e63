"""What the caches of this package hold, and what has to go so that they keep their limits: the oldest first.

Both caches (`artifacts`, `page_cache`) spread their files over one level of directories. What has another name, or is
no plain file in a plain directory, is none of theirs: it is neither counted nor removed, and no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class CachedFile(NamedTuple):
    """A file in a cache. The first field makes the order: the one that was not used for longest comes first."""

    used: int
    """Nanoseconds since the epoch."""
    size: int
    """Bytes."""
    directory: str
    """The name of the directory that it lies in, below the cache's root."""
    name: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of files and what they take together, in bytes."""

    count: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What a cache holds after a cleaning, what it held besides, and how much was left by killed processes."""

    kept: Amount
    removed: Amount
    leftovers: int


def amount_of(files: Collection[CachedFile]) -> Amount:
    """The files taken together."""
    return Amount(len(files), sum(file.size for file in files))


def make_cleaning(files: Collection[CachedFile], removed: Collection[CachedFile], leftovers: int) -> Cleaning:
    """The cleaning that removed those of `files`."""
    there, gone = amount_of(files), amount_of(removed)
    return Cleaning(Amount(there.count - gone.count, there.size - gone.size), gone, leftovers)


def iter_cached(root: Path, directories: re.Pattern[str], names: re.Pattern[str]) -> Iterator[CachedFile]:
    """The cache's files in `root`, by the patterns of their own names and their directories'; in no order.

    What vanishes meanwhile is left out, and nothing there is no error.
    """
    for directory in _iter_entries(root):
        if directories.fullmatch(directory.name) and directory.is_dir(follow_symlinks=False):
            for entry in _iter_entries(Path(directory.path)):
                if names.fullmatch(entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(status.st_mode):
                            yield CachedFile(status.st_mtime_ns, status.st_size, directory.name, entry.name)


def _iter_entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    try:
        entries = os.scandir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        yield from entries


def plan_eviction(files: Iterable[CachedFile], room: int, in_use: Collection[str] = ()) -> list[CachedFile]:
    """Which of `files` go so that the rest takes at most `room` bytes, the oldest first.

    Those whose names are `in_use` count, and stay even if that is too much. Files of no bytes go where nothing may
    stay.
    """
    ordered = sorted(files)
    excess = sum(file.size for file in ordered) - room
    evicted = []
    for file in ordered:
        if excess <= 0 and room > 0:
            break
        if file.name not in in_use:
            evicted.append(file)
            excess -= file.size
    return evicted
