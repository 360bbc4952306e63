"""Reads the members of `ar` archives in the form that deb(5) describes: what is where, and nothing between.

Of the two families of `ar` only what both share is accepted: names of at most 16 bytes that stand in the header itself.
A long name (`/12`, `#1/20`), a slash behind a name and a symbol table are refused by that; dpkg writes none of them.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"!<arch>\n"
HEADER = struct.Struct("16s12s6s6s8s10s2s")
NAME = re.compile(rb"([A-Za-z0-9_.+-]+) *")
NUMBER = re.compile(rb"([0-9]+) *")
MAX_MEMBERS = 16
"""A .deb has three."""
PIECE_BYTES = 256 << 10
PADDING = b"\n"
"""Behind a member of odd size: headers begin at even places."""


class InvalidArError(Exception):
    """The archive is not accepted; the message says why, to be put behind «the archive x is not accepted:»."""


class ArMember(NamedTuple):
    """A member: `size` bytes from `start` in the file."""

    name: str
    start: int
    size: int


def read_ar_members(descriptor: int) -> list[ArMember]:
    """All members in their order, which fill the file to its last byte. Raises InvalidArError."""
    end = os.fstat(descriptor).st_size
    if _read_at(descriptor, 0, len(MAGIC)) != MAGIC:
        raise InvalidArError("it does not begin as an `ar` archive does")
    members: list[ArMember] = []
    position = len(MAGIC)
    while position < end:
        if len(members) == MAX_MEMBERS:
            raise InvalidArError(f"it has more than {MAX_MEMBERS} members")
        member = _parse_header(_read_at(descriptor, position, HEADER.size), position + HEADER.size)
        position = member.start + member.size
        if position > end:
            raise InvalidArError(f"`{member.name}` ends too early")
        position += _read_padding(descriptor, position, member)
        members.append(member)
    return members


def _parse_header(header: bytes, start: int) -> ArMember:
    """The member whose content begins at `start`. Time, owner, group and mode say nothing here, but are numbers."""
    name, *numbers, size, ending = HEADER.unpack(header)
    found, length = NAME.fullmatch(name), NUMBER.fullmatch(size)
    if found is None:
        raise InvalidArError(f"{name!r} is no name of a member")
    if length is None or ending != b"`\n" or not all(map(NUMBER.fullmatch, numbers)):
        raise InvalidArError(f"{name!r} has a damaged header")
    return ArMember(found[1].decode("ascii"), start, int(length[1]))


def _read_padding(descriptor: int, position: int, member: ArMember) -> int:
    """How many bytes stand between the end of a member and the place where the next one may begin."""
    if member.size % 2 == 0:
        return 0
    if _read_at(descriptor, position, 1) != PADDING:
        raise InvalidArError(f"`{member.name}` is not followed by the line feed that its odd size asks for")
    return 1


def _read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Exactly `size` bytes, which are few. Raises InvalidArError where the file has not as many."""
    found = os.pread(descriptor, size, offset)
    if len(found) != size:
        raise InvalidArError("it ends too early")
    return found


def iter_ar_content(descriptor: int, member: ArMember) -> Iterator[bytes]:
    """A member's content in pieces. Raises InvalidArError where somebody has shortened the file meanwhile."""
    position, end = member.start, member.start + member.size
    while position < end:
        piece = os.pread(descriptor, min(end - position, PIECE_BYTES), position)
        if not piece:
            raise InvalidArError(f"`{member.name}` ends too early")
        position += len(piece)
        yield piece
