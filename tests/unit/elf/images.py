"""ELF images made by hand, as small as they can be, and with each part left out at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from devenv.elf.tables import (
    DT_NEEDED,
    DT_NULL,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    DT_STRSZ,
    DT_STRTAB,
    HEADER_BYTES,
    IDENT,
    PT_DYNAMIC,
    PT_GNU_PROPERTY,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
    PT_PHDR,
    SEGMENT_BYTES,
    SHT_DYNAMIC,
    SHT_PROGBITS,
    SHT_STRTAB,
    Entry,
    Header,
    Section,
    Segment,
    format_dynamic,
)

PAGE = 0x1000
PT_GNU_STACK = 0x6474E551
SHARED, EXECUTABLE = 3, 2
X86_64, AARCH64 = 62, 183


@dataclass(frozen=True)
class Sketch:
    """What an image is to hold."""

    interpreter: bytes | None = b"/lib64/ld-linux-x86-64.so.2"
    needed: Sequence[bytes] = (b"libm.so.6", b"libc.so.6")
    soname: bytes | None = None
    rpath: bytes | None = None
    runpath: bytes | None = None
    spare: int = 4
    """Empty entries of the dynamic section besides the one that ends it."""
    notes: int = 1
    has_properties: bool = True
    kind: int = SHARED
    machine: int = X86_64
    base: int = 0
    zeroed: int = 0x5000
    """Bytes of memory behind the file's."""
    page: int = PAGE
    has_sections: bool = True
    payload: bytes = field(default=b"code" * 16, repr=False)


def make_elf(sketch: Sketch) -> bytes:
    """Two loaded segments: everything that is read, then the dynamic section with zeroed data behind it."""
    table, texts = _strings(sketch)
    count = 5 + (sketch.interpreter is not None) + sketch.notes + sketch.has_properties
    parts: dict[str, bytes] = {"headers": bytes(count * SEGMENT_BYTES)}
    if sketch.interpreter is not None:
        parts["interpreter"] = sketch.interpreter + b"\0"
    parts |= {f"note{number}": bytes(32) for number in range(sketch.notes)}
    parts |= {"strings": table, "payload": sketch.payload}
    places, position = {}, HEADER_BYTES
    for name, part in parts.items():
        position += -position % 8
        places[name] = (position, len(part))
        position += len(part)
    read_end = position
    dynamic_offset = position + -position % 8
    dynamic_bytes = (len(texts) + 2 + sketch.spare + 1) * 16
    address = sketch.base + dynamic_offset + sketch.page
    entries = [Entry(tag, table.index(text + b"\0")) for tag, text in texts]
    entries += [Entry(DT_STRTAB, sketch.base + places["strings"][0]), Entry(DT_STRSZ, len(table))]
    entries += [Entry(DT_NULL, 0)] * (sketch.spare + 1)

    def segment(kind: int, name: str) -> Segment:
        offset, size = places[name]
        return Segment(kind, 4, offset, sketch.base + offset, sketch.base + offset, size, size, 8)

    segments = [segment(PT_PHDR, "headers")]
    segments += [segment(PT_INTERP, "interpreter")] if sketch.interpreter is not None else []
    memory = dynamic_bytes + sketch.zeroed
    segments += [
        Segment(PT_LOAD, 4, 0, sketch.base, sketch.base, read_end, read_end, sketch.page),
        Segment(PT_LOAD, 6, dynamic_offset, address, address, dynamic_bytes, memory, sketch.page),
        Segment(PT_DYNAMIC, 6, dynamic_offset, address, address, dynamic_bytes, dynamic_bytes, 8),
    ]
    segments += [segment(PT_NOTE, f"note{number}") for number in range(sketch.notes)]
    segments += [segment(PT_GNU_PROPERTY, "note0" if sketch.notes else "payload")] if sketch.has_properties else []
    segments += [Segment(PT_GNU_STACK, 6, 0, 0, 0, 0, 0, 16)]
    sections = _sections(sketch, places, (dynamic_offset, address, dynamic_bytes)) if sketch.has_sections else []
    sections_offset = dynamic_offset + dynamic_bytes
    header = Header(
        IDENT.ljust(16, b"\0"), sketch.kind, sketch.machine, 1, 0, HEADER_BYTES, sections_offset if sections else 0,
        0, HEADER_BYTES, SEGMENT_BYTES, len(segments), 64, len(sections), 0,
    )  # fmt: skip
    assert len(segments) == count
    parts["headers"] = b"".join(each.format() for each in segments)
    content = header.format()
    for name, part in parts.items():
        content = content.ljust(places[name][0], b"\0") + part
    content = content.ljust(dynamic_offset, b"\0") + format_dynamic(entries)
    return content + b"".join(each.format() for each in sections)


def _strings(sketch: Sketch) -> tuple[bytes, list[tuple[int, bytes]]]:
    single = ((DT_SONAME, sketch.soname), (DT_RPATH, sketch.rpath), (DT_RUNPATH, sketch.runpath))
    texts = [(DT_NEEDED, name) for name in sketch.needed]
    texts += [(tag, text) for tag, text in single if text is not None]
    return b"\0" + b"".join(text + b"\0" for _, text in texts), texts


def _sections(sketch: Sketch, places: dict[str, tuple[int, int]], dynamic: tuple[int, int, int]) -> list[Section]:
    def section(kind: int, name: str) -> Section:
        offset, size = places[name]
        return Section(0, kind, 2, sketch.base + offset, offset, size, 0, 0, 1, 0)

    offset, address, size = dynamic
    return [
        Section(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        *([section(SHT_PROGBITS, "interpreter")] if sketch.interpreter is not None else []),
        section(SHT_STRTAB, "strings"),
        Section(0, SHT_DYNAMIC, 3, address, offset, size, 2, 0, 8, 16),
    ]
