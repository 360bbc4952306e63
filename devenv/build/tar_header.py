"""Reads the headers of tar archives, strictly: V7, POSIX's ustar, and GNU's form (FAULTS I-04, I-08).

A header is 512 bytes of text fields with a sum over them. The three forms share the first 257; ustar puts the front of
a long path into `prefix`, GNU uses that room otherwise, and readers differ in what they do where form and use do not
fit. So what a form does not know has to be empty.
"""

from __future__ import annotations

import re
import struct
from enum import Enum
from typing import NamedTuple

from devenv.nar.nodes import MAX_DEPTH, is_name

BLOCK_BYTES = 512
MAX_PATH_BYTES = 4095
"""As long as a path can be that a program opens."""
SUM_START, SUM_END = 148, 156
FORM_START = 257
"""From here on V7 has nothing."""

HEADER = struct.Struct("100s8s16x12s12x8sc100s8s80x155s12x")
"""Name, mode, size, sum, type, target, magic, prefix. Owners, times and device numbers say nothing here."""
MAGIC_USTAR = b"ustar\x0000"
MAGIC_GNU = b"ustar  \0"
OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
BINARY_SIZE = b"\x80"
"""Begins a size from 8 GiB on: the rest is a binary number. Negative ones would begin with another byte."""


class InvalidTarError(Exception):
    """The archive is not accepted; the message says why, to be put behind «the archive x is not accepted:»."""


class TarKind(Enum):
    """What a member is, by the type in its header."""

    FILE = b"0"
    HARD_LINK = b"1"
    SYMLINK = b"2"
    DIRECTORY = b"5"
    LONG_TARGET = b"K"
    """The target of the member that follows, as content."""
    LONG_NAME = b"L"
    PAX = b"x"
    """What pax says of the member that follows, as content."""
    GLOBAL_PAX = b"g"
    """What pax says of all that follow."""


KINDS = {kind.value: kind for kind in TarKind} | {b"\0": TarKind.FILE}
REFUSED = {
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a FIFO",
    b"7": "a contiguous file",
    b"D": "a list of a directory",
    b"M": "the rest of a file in another volume",
    b"S": "a sparse file",
    b"V": "the name of a volume",
    b"X": "extended attributes (Solaris)",
}


class TarHeader(NamedTuple):
    """A header as it stands there: `name` with `prefix`, sizes in bytes."""

    name: bytes
    kind: TarKind
    executable: bool
    size: int
    target: bytes


def parse_header(block: bytes) -> TarHeader:
    """A header that is not all zeros. Raises InvalidTarError."""
    name, mode, size, checksum, type_flag, target, magic, prefix = HEADER.unpack(block)
    # The sum is made with blanks in its own place.
    if _parse_octal(checksum) != sum(block) - sum(block[SUM_START:SUM_END]) + 32 * (SUM_END - SUM_START):
        raise InvalidTarError(f"the header of {_cut(name)!r} is damaged")
    path = _parse_text(name)
    if magic == MAGIC_USTAR and prefix[0]:
        path = _parse_text(prefix) + b"/" + path
    elif magic == MAGIC_GNU:
        _require_empty(prefix, path)
    elif magic != MAGIC_USTAR:
        _require_empty(block[FORM_START:], path)
    kind = KINDS.get(type_flag)
    if kind is None:
        raise InvalidTarError(f"{path!r} is {REFUSED.get(type_flag, f'of the unknown type {type_flag!r}')}")
    executable = bool(_parse_octal(mode) & 0o100)
    return TarHeader(path, kind, executable, _parse_size(size), _parse_text(target))


def _cut(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _parse_text(field: bytes) -> bytes:
    """A field's text, which ends at the first NUL or with the field."""
    text, _, behind = field.partition(b"\0")
    if behind.strip(b"\0"):
        raise InvalidTarError(f"{text!r} is followed by something hidden")
    return text


def _require_empty(field: bytes, path: bytes) -> None:
    if field.strip(b"\0"):
        raise InvalidTarError(f"{path!r} has a header of mixed or unknown form")


def _parse_octal(field: bytes) -> int:
    found = OCTAL.fullmatch(field)
    if found is None:
        raise InvalidTarError(f"{field!r} is no number")
    return int(found[1], 8)


def _parse_size(field: bytes) -> int:
    if field.startswith(BINARY_SIZE):
        return int.from_bytes(field[1:], "big")
    return _parse_octal(field)


def parse_path(name: bytes) -> tuple[bytes, ...]:
    """`./usr/bin` → its names; `()` for the top itself. Raises InvalidTarError on what is not plainly below it."""
    text = name.removesuffix(b"/")
    if text == b".":
        return ()
    names = tuple(text.removeprefix(b"./").split(b"/"))
    if len(name) > MAX_PATH_BYTES or len(names) > MAX_DEPTH or not all(map(is_name, names)):
        raise InvalidTarError(f"{name[:MAX_PATH_BYTES]!r} is no path inside an archive")
    return names
