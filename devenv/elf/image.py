"""What an ELF image asks of its loader: interpreter, libraries, search path.

Whoever looks at many images keeps all that they ask for, and one string of an image can be named by a thousand entries.
So there are bounds for how much one image may ask for; who reads many of them bounds the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devenv.elf.tables import (
    DT_NEEDED,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    HEADER_BYTES,
    IDENT,
    MAGIC,
    MAX_STRING_BYTES,
    PT_DYNAMIC,
    PT_INTERP,
    SHT_NOBITS,
    ElfError,
    Tables,
    read_tables,
    require_range,
)

MACHINES = {62: "x86_64", 183: "aarch64"}
MACHINE_BYTES = range(18, 20)
"""Where in the file header the machine stands."""

IMAGE_LIMIT = 1 << 30
"""Bytes of an image that builders take: it is read, and changed, in memory. The largest programs have a tenth."""
MAX_NEEDED = 512
"""Libraries that one image names; gdb names 21, and some office programs a hundred."""
MAX_NAME_BYTES = 255
"""As a file's name. Real ones have up to 80; those with a path in it (`$ORIGIN/../lib/libpython3.so`) are as short."""
MAX_NAMES_BYTES = 1 << 15
"""Of all needed libraries' names together."""
MAX_INTERPRETER_BYTES = 4096
"""`PATH_MAX`, as the kernel has it for this string."""


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


def find_machine(head: bytes) -> str | int | None:
    """The machine of the image that begins with `head` (`HEADER_BYTES`), as in ElfImage.

    None if that is the beginning of no 64-bit little-endian ELF image.
    """
    if len(head) < HEADER_BYTES or not head.startswith(IDENT):
        return None
    machine = int.from_bytes(head[MACHINE_BYTES.start : MACHINE_BYTES.stop], "little")
    return MACHINES.get(machine, machine)


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
    """What the image with these tables asks for.

    Raises ElfError if a string is not where it is said to be, or it asks for too much.
    """
    machine = tables.header.machine
    named = any(entry.tag in _STRING_TAGS for entry in tables.dynamic)
    strings = tables.strings_range() if named else range(0)
    return ElfImage(
        machine=MACHINES.get(machine, machine),
        kind=_KINDS.get(tables.header.kind, ElfKind.OTHER),
        interpreter=_find_interpreter(tables),
        needed=_read_needed(tables, strings),
        soname=_find_string(tables, strings, DT_SONAME, MAX_NAME_BYTES + 1),
        rpath=_find_string(tables, strings, DT_RPATH),
        runpath=_find_string(tables, strings, DT_RUNPATH),
    )


_STRING_TAGS = frozenset({DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH})


def _read_needed(tables: Tables, strings: range) -> tuple[bytes, ...]:
    offsets = [entry.value for entry in tables.dynamic if entry.tag == DT_NEEDED]
    if len(offsets) > MAX_NEEDED:
        raise ElfError(f"it needs {len(offsets)} libraries")
    needed = tuple(tables.string(strings, offset, MAX_NAME_BYTES + 1) for offset in offsets)
    if sum(map(len, needed)) > MAX_NAMES_BYTES:
        raise ElfError(f"the names of the libraries it needs have more than {MAX_NAMES_BYTES} bytes")
    return needed


def _find_interpreter(tables: Tables) -> bytes | None:
    place = tables.find_segment(PT_INTERP)
    if place is None:
        return None
    if place.file_bytes > MAX_INTERPRETER_BYTES:
        raise ElfError(f"an interpreter of {place.file_bytes} bytes")
    text = require_range(tables.content, place.offset, place.file_bytes, "the interpreter")
    return text.partition(b"\0")[0]


def _find_string(tables: Tables, strings: range, tag: int, limit: int = MAX_STRING_BYTES) -> bytes | None:
    value = tables.find_value(tag)
    return None if value is None else tables.string(strings, value, limit)
