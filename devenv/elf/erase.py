"""Overwrites what an ELF image asked of its loader before that is changed.

A change puts new strings behind the old ones, and the old ones stay in the file: they would go on to mention objects
that the image does not use any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from devenv.elf.tables import DT_RPATH, DT_RUNPATH, PT_INTERP, ElfError, Tables, read_tables

FILLER = b"X"
LONGEST_TAIL = 16
"""Bytes behind the last slash of a search path that may be another string's as well: a linker lets a symbol's name
(`lib`) begin in the path that ends with it. A symbol's name holds no slash, and an object's is longer."""


def erase_requests(content: bytes) -> bytes:
    """The image with its interpreter and search paths overwritten; to be given others (`patch_elf`).

    Raises ElfError if it is damaged.
    """
    tables = read_tables(content)
    erased = bytearray(content)
    for place in (*_iter_interpreters(tables), *_iter_paths(tables)):
        erased[place.start : place.stop] = FILLER * len(place)
    return bytes(erased)


def _iter_interpreters(tables: Tables) -> Iterator[range]:
    place = tables.find_segment(PT_INTERP)
    if place is not None and place.file_bytes:
        if place.offset + place.file_bytes > len(tables.content):
            raise ElfError("the interpreter is not inside of the file")
        yield range(place.offset, place.offset + place.file_bytes - 1)


def _iter_paths(tables: Tables) -> Iterator[range]:
    offsets = [entry.value for entry in tables.dynamic if entry.tag in {DT_RPATH, DT_RUNPATH}]
    strings = tables.strings_range() if offsets else range(0)
    for offset in offsets:
        text = tables.string(strings, offset)
        slash = text.rfind(b"/")
        kept = len(text) - slash if slash >= 0 and len(text) - slash <= LONGEST_TAIL else 0
        start = strings.start + offset
        yield range(start, start + len(text) - kept)
