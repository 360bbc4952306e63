"""Says whether an object has been touched since it was verified, without reading it.

What the file system says of everything in the tree is noted: names, kinds, permissions, inodes, sizes and times of
modification. Objects have the times of 1970, so that whatever adds, removes, renames or replaces something leaves
another time at the directory around it: looking at the directories costs a hundredth of reading, and finds all of that
(`is_same`). Looking at the files as well (`take_print` again) costs ten times as much, and finds what was written into
one that stayed where it was, unless its time was set back on purpose. A disk that forgets is found by reading only.

When inodes changed is left out: equal files of the store are one inode, whose count of links, and with it that time,
changes when another object comes that has the file.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from blake3 import blake3

from devenv.fsutil import OPEN_DIRECTORY

OPEN_REAL_DIRECTORY = OPEN_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the file system said of an object."""

    everything: str
    """A digest, in hexadecimal, over all of it."""
    directories: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Their inodes and times in nanoseconds, by their paths in the object; it itself is `.`, directory or not."""


def take_print(path: Path) -> Fingerprint:
    """The fingerprint of the tree at `path` as it is now. Raises OSError."""
    top = os.lstat(path)
    digest = blake3(repr((top.st_mode, top.st_ino, top.st_size, top.st_mtime_ns)).encode())
    directories = {".": (top.st_ino, top.st_mtime_ns)}
    if stat.S_ISDIR(top.st_mode):
        descriptor = os.open(path, OPEN_REAL_DIRECTORY)
        try:
            _add_directory(digest, directories, "", descriptor)
        finally:
            os.close(descriptor)
    return Fingerprint(digest.hexdigest(), directories)


def _add_directory(digest: blake3, directories: dict[str, tuple[int, int]], path: str, directory: int) -> None:
    """Add all below the open directory. By descriptors: of long paths the kernel would look up every part each time."""
    rows, below = [], []
    with os.scandir(directory) as entries:
        # As the file system lists them, which is the same as long as nothing is added or taken away.
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            # By their places: attributes take twice as long. Times in seconds: those of objects are whole.
            rows.append((entry.name, status[0], status[1], status[6], status[8]))
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.name)
                directories[f"{path}{entry.name}"] = (status.st_ino, status.st_mtime_ns)
    digest.update(repr(rows).encode("utf-8", "surrogateescape"))
    for name in below:
        descriptor = os.open(name, OPEN_REAL_DIRECTORY, dir_fd=directory)
        try:
            _add_directory(digest, directories, f"{path}{name}/", descriptor)
        finally:
            os.close(descriptor)


def is_same(path: Path, known: Fingerprint) -> bool:
    """Whether the directories of the object at `path` are as they were. Raises OSError, where one is gone say."""
    top = os.fspath(path)
    for place, expected in known.directories.items():
        status = os.lstat(f"{top}/{place}" if place != "." else top)
        if (status.st_ino, status.st_mtime_ns) != expected:
            return False
    return True
