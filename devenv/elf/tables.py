"""The tables of an ELF image: file header, program and section headers, dynamic section (System V gABI, chapters 4, 5).

Images come from strangers: every offset is checked before it is followed, and counts are bounded. Only 64-bit
little-endian images are read, which is what x86_64 and aarch64 have.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAGIC = b"\x7fELF"
IDENT = MAGIC + b"\x02\x01\x01"
"""64-bit, little-endian, version 1."""

PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 0, 1, 2, 3, 4, 6
PT_GNU_PROPERTY = 0x6474E553
PF_R, PF_W = 4, 2

SHT_PROGBITS, SHT_STRTAB, SHT_DYNAMIC, SHT_NOBITS = 1, 3, 6, 8

DT_NULL, DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_SONAME, DT_RPATH, DT_RUNPATH = 0, 1, 5, 10, 14, 15, 29

MAX_SEGMENTS = 512
"""Linkers write about a dozen; the kernel takes what fits into 64 KiB."""
MAX_DYNAMIC_ENTRIES = 1 << 12
"""One for each needed library and some thirty more."""
MAX_STRING_BYTES = 1 << 15
"""A search path can hold many directories of `PATH_MAX` bytes."""

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_ENTRY = struct.Struct("<QQ")
HEADER_BYTES, SEGMENT_BYTES, SECTION_BYTES, ENTRY_BYTES = (each.size for each in (_HEADER, _SEGMENT, _SECTION, _ENTRY))


class ElfError(ValueError):
    """An ELF image is damaged, or is not made as an operation needs it."""


class Header(NamedTuple):
    """The file header, field by field."""

    ident: bytes
    kind: int
    machine: int
    version: int
    entry: int
    segments_offset: int
    sections_offset: int
    flags: int
    header_bytes: int
    segment_bytes: int
    segment_count: int
    section_bytes: int
    section_count: int
    names_index: int

    def format(self) -> bytes:
        """The bytes of it."""
        return _HEADER.pack(*self)


class Segment(NamedTuple):
    """A program header, field by field."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    file_bytes: int
    memory_bytes: int
    alignment: int

    def format(self) -> bytes:
        """The bytes of it."""
        return _SEGMENT.pack(*self)


class Section(NamedTuple):
    """A section header, field by field."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_bytes: int

    def format(self) -> bytes:
        """The bytes of it."""
        return _SECTION.pack(*self)


class Entry(NamedTuple):
    """An entry of the dynamic section."""

    tag: int
    value: int


def format_dynamic(entries: Sequence[Entry]) -> bytes:
    """The bytes of a dynamic section."""
    return b"".join(_ENTRY.pack(*entry) for entry in entries)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of `content`."""

    content: bytes
    header: Header
    segments: tuple[Segment, ...]
    dynamic: tuple[Entry, ...]
    """Up to and without the first DT_NULL; empty where there is no dynamic section."""

    def find_segment(self, kind: int) -> Segment | None:
        """The first segment of a kind."""
        return next((segment for segment in self.segments if segment.kind == kind), None)

    def find_value(self, tag: int) -> int | None:
        """The value of the last entry with a tag: what the loader goes by."""
        return next((entry.value for entry in reversed(self.dynamic) if entry.tag == tag), None)

    def offset_of(self, address: int) -> int:
        """Where in the file a loaded address lies. Raises ElfError if it is in no segment."""
        for segment in self.segments:
            if segment.kind == PT_LOAD and 0 <= address - segment.address < segment.file_bytes:
                return segment.offset + address - segment.address
        raise ElfError(f"address {address:#x} is in no loaded segment")

    def strings_range(self) -> range:
        """Where in the file the string table of the dynamic section lies. Raises ElfError if there is none."""
        address, size = self.find_value(DT_STRTAB), self.find_value(DT_STRSZ)
        if address is None or size is None:
            raise ElfError("the image has no dynamic strings")
        start = self.offset_of(address)
        if start + size > len(self.content):
            raise ElfError("the table of dynamic strings is not inside of the file")
        return range(start, start + size)

    def string(self, place: range, offset: int, limit: int = MAX_STRING_BYTES) -> bytes:
        """The string at `offset` of the string table at `place` (`strings_range`), without its NUL.

        Raises ElfError if it is not all inside, or has `limit` bytes or more.
        """
        start = place.start + offset
        end = self.content.find(b"\0", start, min(place.stop, start + limit))
        if end < 0:
            raise ElfError(f"string {offset} is not inside of its table, or too long")
        return self.content[start:end]

    def iter_sections(self) -> Iterator[Section]:
        """The section headers; none where they were stripped or do not lie in the file."""
        header = self.header
        end = header.sections_offset + header.section_count * SECTION_BYTES
        if header.sections_offset and header.section_bytes == SECTION_BYTES and end <= len(self.content):
            table = self.content[header.sections_offset : end]
            yield from (Section._make(fields) for fields in _SECTION.iter_unpack(table))

    def end(self) -> int:
        """Where in the file the image ends; what programs append to themselves comes behind it."""
        header, sections = self.header, list(self.iter_sections())
        ends = [header.segments_offset + header.segment_count * SEGMENT_BYTES]
        ends += [header.sections_offset + len(sections) * SECTION_BYTES]
        ends += [segment.offset + segment.file_bytes for segment in self.segments]
        ends += [section.offset + section.size for section in sections if section.kind != SHT_NOBITS]
        return min(max(ends), len(self.content))


def read_tables(content: bytes) -> Tables:
    """The tables of a 64-bit little-endian image. Raises ElfError."""
    if len(content) < HEADER_BYTES or not content.startswith(IDENT):
        raise ElfError("not a whole 64-bit little-endian file header")
    header = Header._make(_HEADER.unpack_from(content))
    segments = tuple(_read_segments(content, header))
    return Tables(content, header, segments, tuple(_iter_dynamic(content, segments)))


def _read_segments(content: bytes, header: Header) -> list[Segment]:
    if not header.segment_count:
        return []
    if header.segment_bytes != SEGMENT_BYTES or header.segment_count > MAX_SEGMENTS:
        raise ElfError(f"{header.segment_count} program headers of {header.segment_bytes} bytes")
    size = header.segment_count * SEGMENT_BYTES
    table = require_range(content, header.segments_offset, size, "the table of program headers")
    return [Segment._make(fields) for fields in _SEGMENT.iter_unpack(table)]


def _iter_dynamic(content: bytes, segments: Sequence[Segment]) -> Iterator[Entry]:
    place = next((segment for segment in segments if segment.kind == PT_DYNAMIC), None)
    if place is None:
        return
    if place.file_bytes > MAX_DYNAMIC_ENTRIES * ENTRY_BYTES:
        raise ElfError(f"a dynamic section of {place.file_bytes} bytes")
    table = require_range(content, place.offset, place.file_bytes // ENTRY_BYTES * ENTRY_BYTES, "the dynamic section")
    for tag, value in _ENTRY.iter_unpack(table):
        if tag == DT_NULL:
            return
        yield Entry(tag, value)


def require_range(content: bytes, offset: int, size: int, what: str) -> bytes:
    """`size` bytes of `content` from `offset`; none are anywhere. Raises ElfError where they are not in it."""
    if size and offset + size > len(content):
        raise ElfError(f"{what} is not inside of the file")
    return content[offset : offset + size]
