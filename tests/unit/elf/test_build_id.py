"""Build identifiers are found by segments and sections, and made anew; damaged notes are passed over."""

from __future__ import annotations

import struct

import pytest

from devenv.elf.build_id import MAX_IDENTIFIER_BYTES, SHT_NOTE, find_build_ids, set_build_ids
from devenv.elf.tables import PT_LOAD, PT_NOTE, SECTION_BYTES, SEGMENT_BYTES, Section, read_tables
from tests.unit.elf.images import Sketch, make_elf

IMAGE = make_elf(Sketch(notes=2))


def note(identifier: bytes, name: bytes = b"GNU\0", kind: int = 3) -> bytes:
    return struct.pack("<III", len(name), len(identifier), kind) + name + identifier


def with_notes(*notes: bytes) -> bytes:
    """The image with its notes replaced."""
    content = IMAGE
    segments = [each for each in read_tables(content).segments if each.kind == PT_NOTE]
    for segment, text in zip(segments, notes, strict=False):
        content = content[: segment.offset] + text + content[segment.offset + len(text) :]
    return content


def test_identifier_is_found_and_set() -> None:
    """The descriptor of the note becomes the beginning of the digest over the image with zeros there (J-18)."""
    content = with_notes(note(b"\x11" * 16))
    (place,) = find_build_ids(content)
    assert content[place.start : place.stop] == b"\x11" * 16
    seen = []

    def digest(blank: bytes) -> bytes:
        seen.append(blank)
        return bytes(range(64))

    changed = set_build_ids(content, [place], digest)
    assert changed[place.start : place.stop] == bytes(range(16))
    assert changed[: place.start] + changed[place.stop :] == content[: place.start] + content[place.stop :]
    assert seen == [content[: place.start] + bytes(16) + content[place.stop :]]


def test_found_by_sections() -> None:
    """Where a segment of notes was taken for something else, its section still tells where the identifier is."""
    content = with_notes(note(b"\x11" * 16))
    tables = read_tables(content)
    index, segment = next((i, each) for i, each in enumerate(tables.segments) if each.kind == PT_NOTE)
    start = tables.header.segments_offset + index * SEGMENT_BYTES
    content = content[:start] + segment._replace(kind=PT_LOAD).format() + content[start + SEGMENT_BYTES :]
    assert find_build_ids(content) == []
    section = Section(0, SHT_NOTE, 2, segment.address, segment.offset, 32, 0, 0, 4, 0)
    start = tables.header.sections_offset
    content = content[:start] + section.format() + content[start + SECTION_BYTES :]
    (place,) = find_build_ids(content)
    assert content[place.start : place.stop] == b"\x11" * 16


@pytest.mark.parametrize(
    "text",
    [
        note(b"\x11" * 16, name=b"Go\0\0"),
        note(b"\x11" * 16, kind=1),
        note(b""),
        struct.pack("<III", 4, 17, 3) + b"GNU\0",
        struct.pack("<III", 4, 0xFFFFFFFF, 3) + b"GNU\0",
        struct.pack("<III", 0xFFFFFFFF, 16, 3) + b"GNU\0",
        b"\xff" * 32,
    ],
    ids=["other owner", "other kind", "empty", "too long", "huge", "huge name", "nonsense"],
)
def test_other_notes(text: bytes) -> None:
    """What is no identifier, or none that lies in its place, is left alone."""
    content = with_notes(text)
    assert find_build_ids(content) == []
    assert set_build_ids(content, [], lambda _: b"") is content


def test_notes_that_never_end() -> None:
    """A region of countless notes is not read to its end."""
    content = bytearray(IMAGE)
    tables = read_tables(IMAGE)
    index, segment = next((i, each) for i, each in enumerate(tables.segments) if each.kind == PT_NOTE)
    start = tables.header.segments_offset + index * SEGMENT_BYTES
    content += b"".join(note(b"\x11" * MAX_IDENTIFIER_BYTES) for _ in range(200))
    moved = segment._replace(offset=len(IMAGE), file_bytes=len(content) - len(IMAGE))
    content[start : start + SEGMENT_BYTES] = moved.format()
    assert len(find_build_ids(bytes(content))) == 64
