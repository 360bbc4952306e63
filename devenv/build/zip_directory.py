"""Reads the directory of a zip archive, strictly (PKWARE's APPNOTE 6.3; FAULTS I-07).

An archive says everything twice: in its directory and in front of each member. Readers differ in what they believe, in
what they skip, and in where they look for the directory; archives are made that show one content to a scanner and
another to an installer. So what two readers could understand differently is refused here: the directory ends exactly
where the file does, the members lie side by side from the first byte to the directory, and each one's own header says
what the directory says. `zipfile` would accept foreign data in all those places, and the version in Python 3.11 even
members that overlap (CVE-2024-0450, I-06).
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

STORED = 0
DEFLATED = 8

MAX_MEMBERS = 500_000
MAX_DIRECTORY_BYTES = 256 << 20
MAX_NAME_BYTES = 4095
"""As long as a path can be that a program opens."""

END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
DESCRIPTOR = struct.Struct("<4s3L")
DESCRIPTOR_64 = struct.Struct("<4sL2Q")
DESCRIPTOR_LENGTHS = {False: {0}, True: {12, 16, 20, 24}}
"""By whether there is one: with or without signature, with sizes of 32 or of 64 bits."""
EXTRA = struct.Struct("<2H")
SIZES_64 = struct.Struct("<2Q")

SIZE_FOLLOWS = 0x8
"""Flag: check sum and sizes stand behind the content (in a descriptor), because they were not known before it."""
UTF_8 = 0x800
KNOWN_FLAGS = 0x2 | 0x4 | SIZE_FOLLOWS | UTF_8
"""The first two say how hard a compressor tried. All others mean encryption, patches or masked headers."""

FORBIDDEN_PARTS = {"", ".", ".."}
SATURATED_16 = 0xFFFF
SATURATED_32 = 0xFFFFFFFF
EXTRA_ZIP64 = 0x0001
EXTRA_UNICODE_NAME = 0x7075
"""A second name, which some readers prefer."""


class InvalidZipError(Exception):
    """The archive is not accepted; the message says why, to be put behind «the archive x is not accepted:»."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the directory: sizes in bytes, `start` where its content begins in the file.

    `mode` holds Unix type and permissions, 0 where the archive was made without.
    """

    name: str
    method: int
    mode: int
    checksum: int
    packed_size: int
    size: int
    start: int

    @property
    def is_directory(self) -> bool:
        """Directories are marked by a slash at their end."""
        return self.name.endswith("/")

    @property
    def is_executable(self) -> bool:
        """Whether the archive marks it as executable for its owner."""
        return bool(self.mode & stat.S_IXUSR)


class _Bounds(NamedTuple):
    """Where the directory lies, and how many entries it says it has."""

    start: int
    size: int
    entries: int


class _Entry(NamedTuple):
    """A directory entry as it stands there, with 64-bit sizes where it has them."""

    name: bytes
    flags: int
    method: int
    mode: int
    checksum: int
    packed_size: int
    size: int
    offset: int


def read_members(descriptor: int) -> list[Member]:
    """The members in the order of the directory. Raises InvalidZipError."""
    bounds = _read_bounds(descriptor)
    entries = list(_iter_entries(_read_at(descriptor, bounds.start, bounds.size), bounds.entries))
    names = [_check_entry(entry) for entry in entries]
    seen: set[str] = set()
    for name in names:
        if name.removesuffix("/") in seen:
            raise InvalidZipError(f"`{name}` is in it twice")
        seen.add(name.removesuffix("/"))
    starts = _check_layout(descriptor, entries, bounds.start)
    return [
        Member(name, entry.method, entry.mode, entry.checksum, entry.packed_size, entry.size, start)
        for name, entry, start in zip(names, entries, starts, strict=True)
    ]


def _read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Exactly `size` bytes. Raises InvalidZipError where the file has not as many."""
    pieces = []
    while size:
        piece = os.pread(descriptor, size, offset)
        if not piece:
            raise InvalidZipError("it ends too early")
        pieces.append(piece)
        offset += len(piece)
        size -= len(piece)
    return b"".join(pieces)


def _read_bounds(descriptor: int) -> _Bounds:
    end = os.fstat(descriptor).st_size - END.size
    if end < 0:
        raise InvalidZipError("it is shorter than an empty archive")
    record = END.unpack(_read_at(descriptor, end, END.size))
    signature, disk, directory_disk, entries_here, entries, size, offset, comment_length = record
    if signature != b"PK\5\6" or comment_length:
        raise InvalidZipError("it does not end with its directory: it was cut off, or something was appended")
    bounds = _Bounds(offset, size, entries)
    locator = end - LOCATOR_64.size
    if locator >= 0 and os.pread(descriptor, 4, locator) == b"PK\6\7":
        bounds, end = _read_bounds_64(descriptor, locator, bounds)
    elif entries == SATURATED_16 or SATURATED_32 in {size, offset}:
        raise InvalidZipError("its directory is larger than it can say")
    if disk or directory_disk or entries_here != entries:
        raise InvalidZipError("it is a part of several")
    if bounds.start + bounds.size != end:
        raise InvalidZipError("its directory does not lie where it says: something was prepended or inserted")
    if bounds.entries > MAX_MEMBERS or bounds.size > MAX_DIRECTORY_BYTES:
        raise InvalidZipError(f"it has more than {MAX_MEMBERS} members")
    return bounds


def _read_bounds_64(descriptor: int, locator: int, short: _Bounds) -> tuple[_Bounds, int]:
    """The bounds that the 64-bit record before `locator` gives, which `short` must not contradict, and its place."""
    _, disk, place, disks = LOCATOR_64.unpack(_read_at(descriptor, locator, LOCATOR_64.size))
    if place != locator - END_64.size or disk or disks != 1:
        raise InvalidZipError("its 64-bit directory record does not lie where it must")
    record = END_64.unpack(_read_at(descriptor, place, END_64.size))
    signature, length, _, _, disk, directory_disk, entries_here, entries, size, offset = record
    if signature != b"PK\6\6" or length != END_64.size - 12 or disk or directory_disk or entries_here != entries:
        raise InvalidZipError("its 64-bit directory record is damaged")
    bounds = _Bounds(offset, size, entries)
    for said, known, saturated in zip(short, bounds, (SATURATED_32, SATURATED_32, SATURATED_16), strict=True):
        if said not in {known, saturated}:
            raise InvalidZipError("its two directory records contradict each other")
    return bounds, place


def _iter_entries(directory: bytes, count: int) -> Iterator[_Entry]:
    position = 0
    for _ in range(count):
        try:
            fields = ENTRY.unpack_from(directory, position)
        except struct.error as error:
            raise InvalidZipError("its directory ends too early") from error
        signature, _, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = fields[:12]
        comment_length, disk, _, attributes, offset = fields[12:]
        name_end = position + ENTRY.size + name_length
        extra_end = name_end + extra_length
        name = directory[position + ENTRY.size : name_end]
        position = extra_end + comment_length
        if signature != b"PK\1\2" or position > len(directory) or disk or name_length > MAX_NAME_BYTES:
            raise InvalidZipError("its directory is damaged")
        packed, size, offset = _with_zip64(directory[name_end:extra_end], (packed, size, offset), name)
        yield _Entry(name, flags, method, attributes >> 16, checksum, packed, size, offset)
    if position != len(directory):
        raise InvalidZipError("its directory holds more than its entries")


def _with_zip64(extra: bytes, values: tuple[int, int, int], name: bytes) -> tuple[int, int, int]:
    """Packed size, size and offset, taken from the 64-bit extra field where they are saturated."""
    if not extra and SATURATED_32 not in values:
        return values
    packed, size, offset = values
    field = _read_extra(extra, name)
    wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
    try:
        # In this order by the specification, which is not that of the entry.
        size = next(wide) if size == SATURATED_32 else size
        packed = next(wide) if packed == SATURATED_32 else packed
        offset = next(wide) if offset == SATURATED_32 else offset
    except StopIteration:
        raise InvalidZipError(f"{name!r} has sizes that it does not say") from None
    if len(field) % 8 or any(True for _ in wide):
        raise InvalidZipError(f"{name!r} has sizes that it does not need")
    return packed, size, offset


def _read_extra(extra: bytes, name: bytes) -> bytes:
    """The 64-bit extra field, or nothing. Raises InvalidZipError where a field gives the member a second meaning."""
    found = None
    position = 0
    while position < len(extra):
        if position + EXTRA.size > len(extra):
            raise InvalidZipError(f"{name!r} has damaged extra fields")
        kind, length = EXTRA.unpack_from(extra, position)
        end = position + EXTRA.size + length
        if end > len(extra) or kind == EXTRA_UNICODE_NAME or (kind == EXTRA_ZIP64 and found is not None):
            raise InvalidZipError(f"{name!r} has damaged or contradictory extra fields")
        if kind == EXTRA_ZIP64:
            found = extra[position + EXTRA.size : end]
        position = end
    return found or b""


def _check_entry(entry: _Entry) -> str:
    """The entry's name. Raises InvalidZipError on what is not plainly a file or directory below the archive's root."""
    try:
        name = entry.name.decode("utf-8" if entry.flags & UTF_8 else "ascii")
    except UnicodeDecodeError:
        raise InvalidZipError(f"{entry.name!r} is a name that readers understand differently") from None
    if "\\" in name or "\0" in name or not FORBIDDEN_PARTS.isdisjoint(name.removesuffix("/").split("/")):
        raise InvalidZipError(f"{name!r} is no name inside an archive")
    if entry.flags & ~KNOWN_FLAGS or entry.method not in {STORED, DEFLATED}:
        raise InvalidZipError(f"`{name}` is encrypted or compressed in an unknown way")
    if entry.method == STORED and entry.packed_size != entry.size:
        raise InvalidZipError(f"`{name}` is not compressed and has two sizes")
    # A directory is one by its name; that some writers give it a file's mode misleads nobody.
    if stat.S_IFMT(entry.mode) not in {0, stat.S_IFREG, stat.S_IFDIR if name.endswith("/") else 0}:
        raise InvalidZipError(f"`{name}` is a link, a special file, or not what its name says")
    if name.endswith("/") and entry.size:
        raise InvalidZipError(f"the directory `{name}` has content")
    return name


def _check_layout(descriptor: int, entries: Sequence[_Entry], end_of_members: int) -> list[int]:
    """Where the content of each entry begins. Raises InvalidZipError where members do not lie side by side."""
    starts = [0] * len(entries)
    order = sorted(range(len(entries)), key=lambda index: entries[index].offset)
    offsets = [entries[index].offset for index in order] + [end_of_members]
    if offsets[0] != 0 or offsets != sorted(offsets):
        raise InvalidZipError("its members do not lie between its beginning and its directory")
    for index, following in zip(order, offsets[1:], strict=True):
        entry = entries[index]
        starts[index] = _read_local_header(descriptor, entry)
        end = starts[index] + entry.packed_size
        if following - end not in DESCRIPTOR_LENGTHS[bool(entry.flags & SIZE_FOLLOWS)]:
            raise InvalidZipError(f"{entry.name!r} overlaps what follows, or something lies between them")
        if not _is_descriptor(_read_at(descriptor, end, following - end), entry):
            raise InvalidZipError(f"{entry.name!r} has another length or check sum behind its content")
    return starts


def _read_local_header(descriptor: int, entry: _Entry) -> int:
    """Where the content begins. Raises InvalidZipError where the header contradicts the directory."""
    header = _read_at(descriptor, entry.offset, LOCAL_HEADER.size + len(entry.name))
    fields = LOCAL_HEADER.unpack_from(header)
    signature, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = fields
    same_name = name_length == len(entry.name) and header.endswith(entry.name)
    if signature != b"PK\3\4" or not same_name or (flags, method) != (entry.flags, entry.method):
        raise InvalidZipError(f"{entry.name!r} has another name or form in its own header")
    start = entry.offset + len(header)
    extra = _read_at(descriptor, start, extra_length)
    wide = _read_extra(extra, entry.name)
    # Where sizes follow, writers put here what they know already, and nothing for the rest. Some put both sizes into
    # the field of 64 bits though they would fit without; where they follow, it says how wide the descriptor is.
    unknown = {0} if flags & SIZE_FOLLOWS else set()
    elsewhere = {SATURATED_32} if wide else set()
    agrees = (
        wide in {b"", SIZES_64.pack(entry.size, entry.packed_size), bytes(16) if unknown else b""}
        and checksum in {entry.checksum, *unknown}
        and packed in {entry.packed_size, *unknown, *elsewhere}
        and size in {entry.size, *unknown, *elsewhere}
    )
    if not agrees:
        raise InvalidZipError(f"{entry.name!r} has another length or check sum in its own header")
    return start + len(extra)


def _is_descriptor(spelt: bytes, entry: _Entry) -> bool:
    """Whether this is nothing, or what stands behind content whose size was not known before it."""
    form = DESCRIPTOR_64 if len(spelt) in {20, 24} else DESCRIPTOR
    values = (entry.checksum, entry.packed_size, entry.size)
    if form is DESCRIPTOR and max(values) > SATURATED_32:
        return False
    return form.pack(b"PK\7\x08", *values).endswith(spelt)
