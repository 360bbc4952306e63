"""Reads pax headers of tar archives: of what they say, names and targets of links count, and nothing else may matter.

A record is `<length> <key>=<value>` and a line feed, its length counting all of that (POSIX, pax interchange format).
What would make one reader see another tree than the next is refused: a size, a character set, a hole in a file.
"""

from __future__ import annotations

import re

from devenv.build.tar_header import MAX_PATH_BYTES, InvalidTarError, TarKind

RECORD = re.compile(rb"([1-9][0-9]{0,5}) ")
NAMES = {b"path": TarKind.LONG_NAME, b"linkpath": TarKind.LONG_TARGET}
IGNORED = frozenset({b"atime", b"comment", b"ctime", b"gid", b"gname", b"mtime", b"uid", b"uname"})
IGNORED_BEGINNINGS = (b"LIBARCHIVE.", b"RHT.", b"SCHILY.", b"APPLE.")
"""Attributes, device numbers and the like, which a tree does not have."""


def parse_pax(content: bytes, *, is_global: bool) -> dict[TarKind, bytes]:
    """The name and the target that a header gives the next member. Raises InvalidTarError."""
    found: dict[TarKind, bytes] = {}
    position = 0
    while position < len(content):
        match = RECORD.match(content, position)
        end = position + int(match[1]) if match is not None else 0
        if match is None or not match.end() < end <= len(content) or content[end - 1 : end] != b"\n":
            raise InvalidTarError("a pax header is damaged")
        key, separator, value = content[match.end() : end - 1].partition(b"=")
        if not separator:
            raise InvalidTarError("a pax header is damaged")
        position = end
        if key in NAMES and not is_global:
            if NAMES[key] in found or not 0 < len(value) <= MAX_PATH_BYTES or b"\0" in value:
                raise InvalidTarError("a long name is said twice, or is empty or too long")
            found[NAMES[key]] = value
        elif key not in IGNORED and not key.startswith(IGNORED_BEGINNINGS):
            raise InvalidTarError(f"its pax headers say {key[:60]!r}, which is not supported")
    return found
