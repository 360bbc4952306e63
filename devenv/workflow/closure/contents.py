"""What objects of the store consist of: directories and files by size, small ones together."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

MOST_LEVELS = 12
"""Directories inside each other that are told apart."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file, or a directory with what is in it, the largest first; `size` in bytes of contents."""

    name: str
    size: int
    children: tuple[Content, ...] = ()


def measure_contents(path: str, least: int, level: int = 0) -> Content:
    """What lies at `path`; what is smaller than `least` bytes counts as one with the others of its directory."""
    found: list[Content] = []
    small, count = 0, 0
    for entry in _list(path):
        child = _measure_entry(entry, least, level)
        if child.size >= least and level < MOST_LEVELS:
            found.append(child)
        else:
            small, count = small + child.size, count + 1
    found.sort(key=lambda each: (-each.size, each.name))
    size = small + sum(each.size for each in found)
    if found and small:
        found.append(Content(f"({count} smaller)", small))
    return Content(os.path.basename(path), size, tuple(found))


def _measure_entry(entry: os.DirEntry[str], least: int, level: int) -> Content:
    if entry.is_dir(follow_symlinks=False):
        return measure_contents(entry.path, least, level + 1)
    with contextlib.suppress(OSError):
        return Content(entry.name, entry.stat(follow_symlinks=False).st_size)
    return Content(entry.name, 0)


def _list(path: str) -> list[os.DirEntry[str]]:
    """What is in a directory; nothing where it is none, or is gone."""
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        return list(entries)
    return []
