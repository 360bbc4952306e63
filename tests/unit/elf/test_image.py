"""What is read from ELF images, and what of damaged ones."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.elf.image import (
    MAX_INTERPRETER_BYTES,
    MAX_NAME_BYTES,
    MAX_NAMES_BYTES,
    MAX_NEEDED,
    ElfImage,
    ElfKind,
    find_machine,
    is_elf,
    parse_elf,
)
from devenv.elf.tables import (
    DT_NEEDED,
    HEADER_BYTES,
    PT_DYNAMIC,
    SEGMENT_BYTES,
    SHT_NOBITS,
    ElfError,
    Tables,
    read_tables,
)
from tests.unit.elf.images import AARCH64, EXECUTABLE, Sketch, make_elf

FULL = Sketch(soname=b"libx.so.1", rpath=b"/a:/b", runpath=b"$ORIGIN/../lib")


def test_reads_what_an_image_asks_for() -> None:
    """Interpreter, libraries in their order, name and both search paths come out as they were put in."""
    assert parse_elf(make_elf(FULL)) == ElfImage(
        machine="x86_64",
        kind=ElfKind.SHARED,
        interpreter=b"/lib64/ld-linux-x86-64.so.2",
        needed=(b"libm.so.6", b"libc.so.6"),
        soname=b"libx.so.1",
        rpath=b"/a:/b",
        runpath=b"$ORIGIN/../lib",
    )


def test_a_library_for_another_machine() -> None:
    """What an image does not ask for is None; a machine without a name is its number."""
    assert parse_elf(make_elf(Sketch(interpreter=None, needed=(), machine=AARCH64))) == ElfImage(
        "aarch64", ElfKind.SHARED
    )
    image = parse_elf(make_elf(Sketch(interpreter=None, kind=EXECUTABLE, machine=243)))
    assert image is not None
    assert (image.machine, image.kind) == (243, ElfKind.EXECUTABLE)


def test_an_object_file_asks_for_nothing() -> None:
    """A compiler's output has no program headers, and is no error."""
    header = read_tables(make_elf(FULL)).header
    plain = header._replace(kind=1, segments_offset=0, segment_bytes=0, segment_count=0, section_count=0)
    assert parse_elf(plain.format()) == ElfImage("x86_64", ElfKind.OBJECT)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x7fEL", b"#!/bin/sh\n", b"\x7fELF\x01\x01\x01" + bytes(200), b"\x7fELF\x02\x02\x01" + bytes(200)],
    ids=["empty", "short", "script", "32-bit", "big-endian"],
)
def test_what_is_no_image_for_us(content: bytes) -> None:
    """Other files, and images of other sorts, are no errors: a bundle keeps them as they are."""
    assert parse_elf(content) is None


def test_the_cheap_test() -> None:
    """Four bytes tell whether a file needs reading at all."""
    assert is_elf(make_elf(FULL)[:4])
    assert not is_elf(b"#!/b")


def test_symbols_only() -> None:
    """A file of debugging symbols has the headers of an image without its content: nothing in it is to be read."""
    content = bytearray(make_elf(FULL))
    tables = read_tables(bytes(content))
    section = list(tables.iter_sections())[-1]
    content[-64:] = section._replace(kind=SHT_NOBITS).format()
    assert parse_elf(bytes(content)) is None


def test_symbols_only_of_a_machine_with_large_pages() -> None:
    """Files of symbols for aarch64 say that their dynamic section, which is empty there, begins behind their end."""
    content = bytearray(make_elf(FULL))
    tables = read_tables(bytes(content))
    section = list(tables.iter_sections())[-1]
    content[-64:] = section._replace(kind=SHT_NOBITS).format()
    for index, segment in enumerate(tables.segments):
        if segment.kind == PT_DYNAMIC:
            start = tables.header.segments_offset + index * SEGMENT_BYTES
            content[start : start + SEGMENT_BYTES] = segment._replace(offset=1 << 16, file_bytes=0).format()
    assert parse_elf(bytes(content)) is None


def test_every_truncation_is_an_error_or_harmless() -> None:
    """No image is read beyond its end: one that is cut off says so, or lacks only what is not read."""
    content = make_elf(FULL)
    whole = parse_elf(content)
    for length in range(7, len(content)):
        try:
            assert parse_elf(content[:length]) == whole
        except ElfError:
            assert length < len(content) - 3 * 64
    with pytest.raises(ElfError, match="file header"):
        parse_elf(content[: HEADER_BYTES - 1])


def test_strings_outside_of_their_table() -> None:
    """A library's name that begins behind the table, or has no end in it, is damage."""
    content = make_elf(Sketch(needed=(b"libc.so.6",)))
    tables = read_tables(content)
    last = len(tables.strings_range())
    for value in (last, last + 1, 1 << 63):
        broken = replace(tables, dynamic=(tables.dynamic[0]._replace(tag=DT_NEEDED, value=value), *tables.dynamic[1:]))
        with pytest.raises(ElfError, match="not inside"):
            broken.string(broken.strings_range(), broken.dynamic[0].value)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the running interpreter")
def test_the_running_interpreter() -> None:
    """A real program of this machine has a loader and a C library."""
    image = parse_elf(Path("/proc/self/exe").read_bytes())
    assert image is not None
    assert image.interpreter is None or image.interpreter.startswith(b"/")
    assert image.interpreter is None or any(name.startswith(b"libc.") for name in image.needed)


def test_names_of_libraries_are_bounded() -> None:
    """A small image cannot name a long string a thousand times, which whoever reads many images would keep."""
    longest = b"l" * MAX_NAME_BYTES
    image = parse_elf(make_elf(Sketch(needed=[longest], soname=longest)))
    assert image is not None
    assert (image.needed, image.soname) == ((longest,), longest)
    for sketch in (
        Sketch(needed=[longest + b"l"]),
        Sketch(soname=longest + b"l"),
        Sketch(needed=[b"libc.so.6"] * (MAX_NEEDED + 1)),
        Sketch(needed=[longest] * (MAX_NAMES_BYTES // MAX_NAME_BYTES + 1)),
    ):
        with pytest.raises(ElfError) as caught:
            parse_elf(make_elf(sketch))
        assert len(str(caught.value)) < 100


def test_interpreter_is_bounded() -> None:
    """A file that is all interpreter is no program: the kernel starts none with a longer path than it opens."""
    with pytest.raises(ElfError):
        parse_elf(make_elf(Sketch(interpreter=b"/" * MAX_INTERPRETER_BYTES)))


def test_string_table_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading an image takes as many steps as it has entries, and not their square."""
    calls: list[int] = []
    offset_of = Tables.offset_of

    def counted(tables: Tables, address: int) -> int:
        calls.append(address)
        return offset_of(tables, address)

    monkeypatch.setattr(Tables, "offset_of", counted)
    parse_elf(make_elf(Sketch(needed=[b"libc.so.6"] * MAX_NEEDED, soname=b"libx.so", rpath=b"/a", runpath=b"/b")))
    assert len(calls) == 1


def test_machine_by_the_head() -> None:
    """The file header alone tells whether an image is for this machine: others need not be read."""
    for machine, name in ((AARCH64, "aarch64"), (243, 243)):
        assert find_machine(make_elf(Sketch(machine=machine))[:HEADER_BYTES]) == name
    assert find_machine(make_elf(Sketch())[: HEADER_BYTES - 1]) is None
    assert find_machine(b"#!/bin/sh\n".ljust(HEADER_BYTES)) is None
