"""Build identifiers: the note by which debuggers know which file of symbols belongs to an image (`NT_GNU_BUILD_ID`).

A linker makes it of all that it writes, paths of the store included, so that it says where the store lies.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from devenv.elf.tables import PT_NOTE, Tables, read_tables

SHT_NOTE = 7
NOTE_HEADER_BYTES = 12
BUILD_ID = b"GNU\0"
NT_GNU_BUILD_ID = 3
MAX_REGION_BYTES = 1 << 16
"""Of notes that lie together; those of programs have some hundred."""
MAX_REGIONS = 64
MAX_NOTES = 64
"""In one region."""
MAX_IDENTIFIER_BYTES = 64


def find_build_ids(content: bytes) -> list[range]:
    """Where in an image identifiers stand: what they consist of, without the notes around them.

    They stay there when it is patched (`patch_elf`), but may be found by no header then. Raises ElfError if the image
    is damaged.
    """
    return sorted(set(_iter_build_ids(read_tables(content))), key=lambda place: place.start)


def set_build_ids(content: bytes, places: Sequence[range], digest: Callable[[bytes], bytes]) -> bytes:
    """The image with the identifiers at `places` made anew: the first bytes of `digest` of it with zeros there."""
    if not places:
        return content
    changed = bytearray(content)
    for place in places:
        changed[place.start : place.stop] = bytes(len(place))
    identifier = digest(bytes(changed))
    for place in places:
        changed[place.start : place.stop] = identifier[: len(place)]
    return bytes(changed)


def _iter_build_ids(tables: Tables) -> Iterator[range]:
    regions = [(each.offset, each.file_bytes, each.alignment) for each in tables.segments if each.kind == PT_NOTE]
    regions += [
        (each.offset, each.size, each.alignment)
        for each in itertools.islice(tables.iter_sections(), 1 << 16)
        if each.kind == SHT_NOTE
    ]
    for offset, size, alignment in regions[:MAX_REGIONS]:
        if size <= MAX_REGION_BYTES and offset + size <= len(tables.content):
            yield from itertools.islice(_iter_region(tables.content, offset, offset + size, alignment), MAX_NOTES)


def _iter_region(content: bytes, start: int, stop: int, alignment: int) -> Iterator[range]:
    step = 8 if alignment == 8 else 4
    while start + NOTE_HEADER_BYTES <= stop:
        name_bytes, size, kind = (int.from_bytes(content[start + at : start + at + 4], "little") for at in (0, 4, 8))
        name = start + NOTE_HEADER_BYTES
        place = _align(name + name_bytes, step)
        if place + size > stop:
            return
        is_identifier = kind == NT_GNU_BUILD_ID and content[name : name + name_bytes] == BUILD_ID
        if is_identifier and 0 < size <= MAX_IDENTIFIER_BYTES:
            yield range(place, place + size)
        start = _align(place + size, step)


def _align(position: int, step: int) -> int:
    return position + -position % step
