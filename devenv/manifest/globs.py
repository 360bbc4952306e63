"""Which paths of a project a pattern means.

A pattern without `/` is about the file's name, in whatever directory; one with `/` about the whole path. `*`, `?` and
`[…]` are those of `fnmatch` and stand for nothing that has a `/`; `**` between slashes means any number of directories.
Pure: paths are text relative to the project.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

ANY_DIRECTORIES = "**"


def find_matching(paths: Iterable[str], globs: Collection[str]) -> list[str]:
    """The paths that at least one of the patterns means, in their order."""
    return [path for path in paths if any(is_match(path, glob) for glob in globs)]


def is_match(path: str, glob: str) -> bool:
    """Whether the pattern means `path`. The time grows with the product of their lengths, whatever stands in them."""
    if "/" not in glob:
        return fnmatchcase(path.rpartition("/")[2], glob)
    patterns = glob.split("/")
    # How many of the patterns may have been used up so far: with `**` there are several ways.
    used = _skip_any({0}, patterns)
    for name in path.split("/"):
        used = _skip_any({after for count in used for after in _use(name, count, patterns)}, patterns)
    return len(patterns) in used


def _use(name: str, count: int, patterns: list[str]) -> list[int]:
    if count == len(patterns):
        return []
    if patterns[count] == ANY_DIRECTORIES:
        return [count]
    return [count + 1] if fnmatchcase(name, patterns[count]) else []


def _skip_any(used: set[int], patterns: list[str]) -> set[int]:
    """`used`, and what there is where a `**` stands for no directory."""
    for count, pattern in enumerate(patterns):
        if count in used and pattern == ANY_DIRECTORIES:
            used.add(count + 1)
    return used
