"""Changes what an ELF image asks of its loader, without moving anything that is in it.

New strings do not fit where the old ones are, and nothing can be moved: code refers to what is around it by distance.
So a segment is appended at the end of the file, with an address above all others, and holds

- the new interpreter;
- a new dynamic section, only where the old one has no spare entry (GNU ld leaves five, lld none);
- the old table of dynamic strings with the new search path behind it. A whole copy, because binutils go by sections,
  and a string must lie in the section of its table.

The segment needs a program header. A note's is taken: the loader reads no note but the properties, and of those there
are two copies (`_spare_header`). Tools that read files find notes by section, and those stay; what a process finds of
its own notes in memory is less by one. An image without notes has its program headers moved into the new segment; it
runs, and can be linked against, but GNU strip breaks it, which wants them at the beginning.

The search path is written as DT_RPATH and not as DT_RUNPATH: an executable's DT_RPATH also serves the look-ups of its
libraries and of `dlopen`, and comes before `LD_LIBRARY_PATH`.

Data that a program has appended to itself are repeated behind the segment: some find them by the file's end (OCaml,
archives), some by their offset (SBCL). A program that walks its own `_DYNAMIC` sees the old dynamic section where that
had to be replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NamedTuple

from devenv.elf.image import ElfImage, image_of
from devenv.elf.tables import (
    DT_NULL,
    DT_RPATH,
    DT_RUNPATH,
    DT_STRSZ,
    DT_STRTAB,
    ENTRY_BYTES,
    PF_R,
    PF_W,
    PT_DYNAMIC,
    PT_GNU_PROPERTY,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
    PT_NULL,
    PT_PHDR,
    SECTION_BYTES,
    SEGMENT_BYTES,
    SHT_DYNAMIC,
    SHT_PROGBITS,
    SHT_STRTAB,
    ElfError,
    Entry,
    Segment,
    Tables,
    format_dynamic,
    read_tables,
)

PAGE_BYTES = {62: 1 << 12}
"""By machine: x86_64."""
LARGEST_PAGE_BYTES = 1 << 16
"""What an aarch64 kernel may be built for; also taken for machines we do not know."""
PART_ALIGNMENT = 16
MAX_GAP_BYTES = 1 << 26
"""The most that a file is filled up with to move its program headers: as much as a program has of zeroed data."""
ADDRESS_LIMIT = 1 << 47
"""Above are the kernel's addresses."""

Edit = tuple[int, bytes]
"""An offset in the file, and what is to stand there."""


@dataclass(frozen=True, slots=True)
class ElfChange:
    """What is to become of an image. None leaves as it is."""

    interpreter: bytes | None = None
    """The absolute path of the loader."""
    rpath: bytes | None = None
    """The search path, for DT_RPATH; empty: none, neither DT_RPATH nor DT_RUNPATH."""


def patch_elf(content: bytes, change: ElfChange) -> bytes:
    """The image with `change` made; the same bytes where there is nothing to do.

    Raises ElfError if the image is damaged, has no interpreter or no dynamic section where one is to be set, or cannot
    be changed without breaking it.
    """
    tables = read_tables(content)
    image = image_of(tables)
    wanted = _wanted(image, change)
    if wanted == image:
        return content
    patched = _splice(content, list(_iter_edits(tables, change)))
    if image_of(read_tables(patched)) != wanted:
        raise ElfError("parts of the image overlap")
    return patched


def _wanted(image: ElfImage, change: ElfChange) -> ElfImage:
    for text in (change.interpreter, change.rpath):
        if text is not None and b"\0" in text:
            raise ElfError("a path with a NUL in it")
    if change.interpreter is not None:
        if image.interpreter is None:
            raise ElfError("the image has no interpreter")
        image = replace(image, interpreter=change.interpreter)
    if change.rpath is not None:
        image = replace(image, rpath=change.rpath or None, runpath=None)
    return image


def _splice(content: bytes, edits: list[Edit]) -> bytes:
    """`content` with pieces replaced or, behind its end, added; in one copy. Raises ElfError where edits overlap."""
    pieces: list[bytes | memoryview] = []
    view, position = memoryview(content), 0
    for offset, piece in sorted(edits):
        if offset < position:
            raise ElfError("tables of the image overlap")
        kept = view[position:offset]
        pieces += (kept, bytes(offset - position - len(kept)), piece)
        position = offset + len(piece)
    return b"".join((*pieces, view[position:]))


class _Part(Enum):
    """What the new segment can hold, in this order."""

    INTERPRETER = auto()
    DYNAMIC = auto()
    STRINGS = auto()
    HEADERS = auto()


class _Place(NamedTuple):
    offset: int
    address: int
    size: int


def _iter_edits(tables: Tables, change: ElfChange) -> Iterator[Edit]:
    """What to write where for `change`, which is one."""
    entries = tables.dynamic if change.rpath is None else _with_rpath(tables, change.rpath)
    sizes = _part_sizes(tables, change, entries)
    segment, places = _place(tables, sizes)
    if _Part.INTERPRETER in places and change.interpreter is not None:
        yield places[_Part.INTERPRETER].offset, change.interpreter + b"\0"
    if _Part.STRINGS in places and change.rpath is not None:
        yield places[_Part.STRINGS].offset, _strings_with(tables, change.rpath)
    if entries != tables.dynamic:
        yield _dynamic_edit(tables, entries, places)
    if segment is not None:
        yield from _header_edits(tables, segment, places)
        yield from _section_edits(tables, places)
        yield segment.offset + segment.file_bytes, tables.content[tables.end() :]


def _part_sizes(tables: Tables, change: ElfChange, entries: Sequence[Entry]) -> dict[_Part, int]:
    """How long the parts of the new segment are, in its order; empty if none is needed."""
    sizes: dict[_Part, int] = {}
    if change.interpreter is not None:
        sizes[_Part.INTERPRETER] = len(change.interpreter) + 1
    if change.rpath:
        if len(entries) >= _require_dynamic(tables).file_bytes // ENTRY_BYTES:
            sizes[_Part.DYNAMIC] = (len(entries) + 1) * ENTRY_BYTES
        sizes[_Part.STRINGS] = len(tables.strings_range()) + len(change.rpath) + 1
    if sizes and _spare_header(tables.segments) is None:
        sizes[_Part.HEADERS] = (len(tables.segments) + 1) * SEGMENT_BYTES
    return sizes


def _strings_with(tables: Tables, rpath: bytes) -> bytes:
    """The string table with `rpath` as its last string."""
    place = tables.strings_range()
    strings = tables.content[place.start : place.stop]
    if not strings.endswith(b"\0"):
        raise ElfError("the last dynamic string has no end")
    return strings + rpath + b"\0"


def _require_dynamic(tables: Tables) -> Segment:
    place = tables.find_segment(PT_DYNAMIC)
    if place is None:
        raise ElfError("the image has no dynamic section")
    return place


def _with_rpath(tables: Tables, rpath: bytes) -> tuple[Entry, ...]:
    """The dynamic section with `rpath` as its only search path, which is the string behind the present ones."""
    entries = [entry for entry in tables.dynamic if entry.tag not in {DT_RPATH, DT_RUNPATH}]
    if rpath:
        entries.append(Entry(DT_RPATH, len(tables.strings_range())))
    return tuple(entries)


def _place(tables: Tables, sizes: Mapping[_Part, int]) -> tuple[Segment | None, dict[_Part, _Place]]:
    """The new segment, if one is needed, and where its parts lie."""
    if not sizes:
        return None, {}
    offset, address = _start(tables, moves_headers=_Part.HEADERS in sizes)
    places: dict[_Part, _Place] = {}
    length = 0
    for part, size in sizes.items():
        length = _align(length, PART_ALIGNMENT)
        places[part] = _Place(offset + length, address + length, size)
        length += size
    flags = PF_R | PF_W if _Part.DYNAMIC in sizes else PF_R
    return Segment(PT_LOAD, flags, offset, address, address, length, length, _page_bytes(tables)), places


def _start(tables: Tables, *, moves_headers: bool) -> tuple[int, int]:
    """Offset and address of the new segment: equal modulo the size of a page, as every loaded segment's are."""
    loaded = [segment for segment in tables.segments if segment.kind == PT_LOAD]
    if not loaded:
        raise ElfError("the image has no loaded segment")
    page = _page_bytes(tables)
    lowest = _align(max(segment.address + segment.memory_bytes for segment in loaded), page)
    if lowest > ADDRESS_LIMIT:
        raise ElfError("the image is loaded at the highest addresses")
    end = _align(len(tables.content), PART_ALIGNMENT)
    if not moves_headers:
        return end, lowest + end % page
    # Kernels before 5.18 tell a program that its headers are as far from their offset as its first segment is.
    distance = loaded[0].address - loaded[0].offset
    offset = max(_align(end, page), lowest - distance)
    if distance % page or offset - end > MAX_GAP_BYTES:
        raise ElfError("the image has no program header to spare, and no room for more")
    return offset, offset + distance


def _page_bytes(tables: Tables) -> int:
    return PAGE_BYTES.get(tables.header.machine, LARGEST_PAGE_BYTES)


def _align(number: int, alignment: int) -> int:
    return -(-number // alignment) * alignment


def _dynamic_edit(tables: Tables, entries: Sequence[Entry], places: Mapping[_Part, _Place]) -> Edit:
    """The new dynamic section: in place, with the entries that are free now cleared, or in the new segment."""
    if strings := places.get(_Part.STRINGS):
        moved = {DT_STRTAB: strings.address, DT_STRSZ: strings.size}
        entries = [Entry(tag, moved.get(tag, value)) for tag, value in entries]
    cleared = max(1, len(tables.dynamic) - len(entries))
    content = format_dynamic((*entries, *[Entry(DT_NULL, 0)] * cleared))
    place = places.get(_Part.DYNAMIC) or _require_dynamic(tables)
    return place.offset, content


def _spare_header(segments: Sequence[Segment]) -> int | None:
    """Which program header is dispensable: an unused one, else the note that repeats the properties, else any note."""
    properties = {segment.offset for segment in segments if segment.kind == PT_GNU_PROPERTY}
    spare = [
        (segment.kind != PT_NULL, segment.offset not in properties, index)
        for index, segment in enumerate(segments)
        if segment.kind in {PT_NULL, PT_NOTE}
    ]
    return min(spare)[-1] if spare else None


def _header_edits(tables: Tables, segment: Segment, places: Mapping[_Part, _Place]) -> Iterator[Edit]:
    """The program headers with `segment` as the last one that is loaded: they are sorted by address."""
    segments = [_moved_segment(each, places) for each in tables.segments]
    moved = places.get(_Part.HEADERS)
    spare = _spare_header(tables.segments)
    if spare is not None:
        del segments[spare]
    last = max(index for index, each in enumerate(segments) if each.kind == PT_LOAD)
    segments.insert(last + 1, segment)
    offset = moved.offset if moved else tables.header.segments_offset
    yield offset, b"".join(each.format() for each in segments)
    if moved:
        yield 0, tables.header._replace(segments_offset=offset, segment_count=len(segments)).format()


_SEGMENT_PARTS = {PT_INTERP: _Part.INTERPRETER, PT_DYNAMIC: _Part.DYNAMIC, PT_PHDR: _Part.HEADERS}


def _moved_segment(segment: Segment, places: Mapping[_Part, _Place]) -> Segment:
    part = _SEGMENT_PARTS.get(segment.kind)
    if part is None or part not in places:
        return segment
    offset, address, size = places[part]
    return segment._replace(offset=offset, address=address, physical=address, file_bytes=size, memory_bytes=size)


def _section_edits(tables: Tables, places: Mapping[_Part, _Place]) -> Iterator[Edit]:
    """The headers of the sections that have moved, which the loader never reads and binutils go by."""
    interpreter, dynamic = tables.find_segment(PT_INTERP), tables.find_segment(PT_DYNAMIC)
    parts = {
        (SHT_PROGBITS, interpreter.address if interpreter else None): _Part.INTERPRETER,
        (SHT_DYNAMIC, dynamic.address if dynamic else None): _Part.DYNAMIC,
        (SHT_STRTAB, tables.find_value(DT_STRTAB)): _Part.STRINGS,
    }
    for index, section in enumerate(tables.iter_sections()):
        part = parts.get((section.kind, section.address))
        if part is not None and part in places and section.size:
            moved = section._replace(**places[part]._asdict())
            yield tables.header.sections_offset + index * SECTION_BYTES, moved.format()
