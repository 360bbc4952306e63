"""What an ELF image asks of its loader: interpreter, libraries, search path."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devenv.elf.tables import (
    DT_NEEDED,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    IDENT,
    MAGIC,
    PT_DYNAMIC,
    PT_INTERP,
    SHT_NOBITS,
    Tables,
    read_tables,
    require_range,
)

MACHINES = {62: "x86_64", 183: "aarch64"}


class ElfKind(StrEnum):
    """What an image is for."""

    OBJECT = "object"
    EXECUTABLE = "executable"
    """Loaded at fixed addresses."""
    SHARED = "shared"
    """A library, or an executable that can be loaded anywhere."""
    OTHER = "other"


_KINDS = {1: ElfKind.OBJECT, 2: ElfKind.EXECUTABLE, 3: ElfKind.SHARED}


@dataclass(frozen=True, slots=True)
class ElfImage:
    """What an image asks for; names and paths as their bytes, without the NUL."""

    machine: str | int
    """`x86_64`, `aarch64`, or the number of another one."""
    kind: ElfKind
    interpreter: bytes | None = None
    needed: tuple[bytes, ...] = ()
    soname: bytes | None = None
    rpath: bytes | None = None
    runpath: bytes | None = None


def is_elf(head: bytes) -> bool:
    """Whether a file that begins with these bytes (four are enough) is an ELF image of any sort."""
    return head.startswith(MAGIC)


def parse_elf(content: bytes) -> ElfImage | None:
    """What an image asks for.

    None if `content` is no 64-bit little-endian ELF image, or holds debugging symbols only, whose tables describe the
    contents of another file. Raises ElfError if it is damaged.
    """
    if not content.startswith(IDENT):
        return None
    tables = read_tables(content)
    return None if _holds_symbols_only(tables) else image_of(tables)


def _holds_symbols_only(tables: Tables) -> bool:
    """Whether the dynamic section was taken out of the file, as `objcopy --only-keep-debug` does."""
    dynamic = tables.find_segment(PT_DYNAMIC)
    return dynamic is not None and any(
        (section.kind, section.address, section.size) == (SHT_NOBITS, dynamic.address, dynamic.memory_bytes)
        for section in tables.iter_sections()
    )


def image_of(tables: Tables) -> ElfImage:
    """What the image with these tables asks for. Raises ElfError if a string is not where it is said to be."""
    machine = tables.header.machine
    return ElfImage(
        machine=MACHINES.get(machine, machine),
        kind=_KINDS.get(tables.header.kind, ElfKind.OTHER),
        interpreter=_find_interpreter(tables),
        needed=tuple(tables.string(entry.value) for entry in tables.dynamic if entry.tag == DT_NEEDED),
        soname=_find_string(tables, DT_SONAME),
        rpath=_find_string(tables, DT_RPATH),
        runpath=_find_string(tables, DT_RUNPATH),
    )


def _find_interpreter(tables: Tables) -> bytes | None:
    place = tables.find_segment(PT_INTERP)
    if place is None:
        return None
    text = require_range(tables.content, place.offset, place.file_bytes, "the interpreter")
    return text.partition(b"\0")[0]


def _find_string(tables: Tables, tag: int) -> bytes | None:
    value = tables.find_value(tag)
    return None if value is None else tables.string(value)
