"""Patched images: exactly the change, all else where it was, headers that kernel, loader and binutils accept."""

from __future__ import annotations

import importlib.util
import itertools
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.elf.image import parse_elf
from devenv.elf.patch import ElfChange, patch_elf
from devenv.elf.tables import (
    DT_RPATH,
    DT_STRSZ,
    DT_STRTAB,
    HEADER_BYTES,
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
    ElfError,
    Segment,
    Tables,
    read_tables,
)
from tests.unit.elf.images import AARCH64, EXECUTABLE, SHARED, X86_64, Sketch, make_elf

LOADER = b"/home/someone/.local/share/devenv/store/" + b"_" * 80 + b"/root/usr/lib/ld-linux-x86-64.so.2"
RPATH = b"$ORIGIN/../lib/x86_64-linux-gnu"
BOTH = ElfChange(LOADER, RPATH)
SEED = 4
ROUNDS = 3_000

paths = st.binary(min_size=1, max_size=200).filter(lambda text: b"\0" not in text)
sketches = st.builds(
    Sketch,
    needed=st.lists(paths, max_size=4),
    soname=st.none() | paths,
    rpath=st.none() | paths,
    runpath=st.none() | paths,
    spare=st.integers(0, 3),
    notes=st.integers(0, 2),
    has_properties=st.booleans(),
    kind=st.sampled_from([SHARED, EXECUTABLE]),
    machine=st.sampled_from([X86_64, AARCH64]),
    base=st.sampled_from([0, 0x400000]),
    zeroed=st.integers(0, 0x30000),
    page=st.sampled_from([0x1000, 0x10000]),
    has_sections=st.booleans(),
    payload=st.binary(max_size=100),
)
changes = st.builds(ElfChange, st.none() | paths, st.none() | st.just(b"") | paths)


def loaded(tables: Tables) -> list[Segment]:
    return [segment for segment in tables.segments if segment.kind == PT_LOAD]


def memory(tables: Tables, start: int, size: int) -> bytes:
    """What a process finds at an address, relative to where the image was loaded."""
    content = bytearray(size)
    for segment in loaded(tables):
        first, last = max(start, segment.address), min(start + size, segment.address + segment.file_bytes)
        if first < last:
            place = segment.offset + first - segment.address
            content[first - start : last - start] = tables.content[place : place + last - first]
    return bytes(content)


def check_loadable(tables: Tables) -> None:
    """What kernels and glibc ask of program headers."""
    segments = loaded(tables)
    page = 0x1000 if tables.header.machine == X86_64 else 0x10000
    for segment in segments:
        assert (segment.address - segment.offset) % segment.alignment == 0
        assert segment.offset + segment.file_bytes <= len(tables.content)
    for lower, upper in itertools.pairwise(segments):
        assert lower.address + lower.memory_bytes <= upper.address
    *_, last_old, new = segments
    assert -(-(last_old.address + last_old.memory_bytes) // page) <= new.address // page, "no page has two segments"
    headers = tables.find_segment(PT_PHDR)
    assert headers is not None
    assert headers.offset == tables.header.segments_offset
    assert headers.file_bytes == tables.header.segment_count * SEGMENT_BYTES
    # Kernels before 5.18 compute the address of the headers from the first segment's.
    assert headers.address - headers.offset == segments[0].address - segments[0].offset
    assert memory(tables, headers.address, headers.file_bytes) == b"".join(each.format() for each in tables.segments)
    for named in (tables.find_segment(PT_INTERP), tables.find_segment(PT_DYNAMIC)):
        assert named is not None
        assert tables.offset_of(named.address) == named.offset


def check_sections(tables: Tables) -> None:
    """Sections lie where the segments and the dynamic section say that they are."""
    interpreter, dynamic = tables.find_segment(PT_INTERP), tables.find_segment(PT_DYNAMIC)
    assert dynamic is not None
    for section in tables.iter_sections():
        place = (section.address, section.offset, section.size)
        if section.kind == SHT_PROGBITS:
            assert interpreter is not None
            assert place == (interpreter.address, interpreter.offset, interpreter.file_bytes)
        elif section.kind == SHT_DYNAMIC:
            assert place == (dynamic.address, dynamic.offset, dynamic.file_bytes)
        elif section.kind == SHT_STRTAB:
            strings = tables.strings_range()
            assert place == (tables.find_value(DT_STRTAB), strings.start, tables.find_value(DT_STRSZ))


@given(sketches, changes)
def test_exactly_the_change(sketch: Sketch, change: ElfChange) -> None:
    """A patched image asks for what the change says and otherwise for what it did; patching again changes nothing."""
    content = make_elf(sketch)
    image = parse_elf(content)
    assert image is not None
    if change.interpreter is not None:
        image = replace(image, interpreter=change.interpreter)
    if change.rpath is not None:
        image = replace(image, rpath=change.rpath or None, runpath=None)
    patched = patch_elf(content, change)
    assert parse_elf(patched) == image
    assert patch_elf(patched, change) == patched
    assert patch_elf(bytes(bytearray(content)), change) == patched


@given(sketches)
def test_loadable(sketch: Sketch) -> None:
    """Segments ascend, share no page, and cover the headers, the interpreter and the dynamic section."""
    tables = read_tables(patch_elf(make_elf(sketch), BOTH))
    check_loadable(tables)
    check_sections(tables)


@given(sketches)
def test_memory_stays(sketch: Sketch) -> None:
    """Everything that was loaded is at the same address; what was zero is zero (data behind the last file page too)."""
    before = read_tables(make_elf(sketch))
    after = read_tables(patch_elf(before.content, BOTH))
    headers, dynamic = before.find_segment(PT_PHDR), before.find_segment(PT_DYNAMIC)
    assert headers is not None
    assert dynamic is not None
    tables_end = {0: headers.offset + headers.file_bytes, dynamic.offset: dynamic.file_bytes}
    for segment in loaded(before):
        kept = tables_end[segment.offset]
        start, size = segment.address + kept, segment.memory_bytes - kept
        assert memory(after, start, size) == memory(before, start, size)


def test_an_image_is_only_appended_to() -> None:
    """With a note and an empty entry to spare, headers and one entry change; the file grows by its new strings."""
    content = make_elf(Sketch(payload=bytes(range(256)) * 256))
    patched = patch_elf(content, BOTH)
    strings = read_tables(content).strings_range()
    assert len(patched) <= len(content) + len(LOADER) + len(strings) + len(RPATH) + 3 * 16
    tables = read_tables(content)
    headers_end = HEADER_BYTES + tables.header.segment_count * SEGMENT_BYTES
    dynamic = tables.find_segment(PT_DYNAMIC)
    assert dynamic is not None
    assert patched[headers_end : dynamic.offset] == content[headers_end : dynamic.offset]
    assert patched[:HEADER_BYTES] == content[:HEADER_BYTES]


def test_what_a_program_appended_to_itself() -> None:
    """An archive or a heap behind the image is found at its offset and at the end, however often it is patched."""
    content = make_elf(Sketch()) + b"an archive and its directory"
    patched = patch_elf(patch_elf(content, BOTH), ElfChange(rpath=b"$ORIGIN"))
    assert patched.endswith(b"\0an archive and its directory")
    assert patched.find(b"an archive") == content.find(b"an archive")
    assert patched.count(b"an archive") == 3


def test_the_note_that_goes() -> None:
    """The note that repeats the properties makes room, so that build ID and properties stay in memory."""
    before = read_tables(make_elf(Sketch(notes=2)))
    after = read_tables(patch_elf(before.content, BOTH))
    assert [segment for segment in after.segments if segment.kind == PT_NOTE] == [
        [segment for segment in before.segments if segment.kind == PT_NOTE][1]
    ]
    assert after.find_segment(PT_GNU_PROPERTY) == before.find_segment(PT_GNU_PROPERTY)
    assert after.header == before.header


def test_headers_move_where_no_note_is() -> None:
    """An image without notes loses no header, and gains one."""
    before = read_tables(make_elf(Sketch(notes=0)))
    after = read_tables(patch_elf(before.content, BOTH))
    assert after.header.segment_count == before.header.segment_count + 1
    assert [segment.kind for segment in after.segments if segment.kind != PT_LOAD] == [
        segment.kind for segment in before.segments if segment.kind != PT_LOAD
    ]


def test_headers_do_not_move_past_much_zeroed_data() -> None:
    """A program with a gigabyte of zeroed data does not become a file of a gigabyte."""
    content = make_elf(Sketch(notes=0, zeroed=1 << 30))
    with pytest.raises(ElfError, match="no program header to spare"):
        patch_elf(content, BOTH)
    assert len(patch_elf(replace_notes(content), BOTH)) < 1 << 16


def replace_notes(content: bytes) -> bytes:
    """The image with its property header called a note."""
    return content.replace((PT_GNU_PROPERTY).to_bytes(4, "little"), (PT_NOTE).to_bytes(4, "little"), 1)


def test_a_run_path_becomes_a_search_path() -> None:
    """DT_RUNPATH serves no library of a library, and DT_RPATH beside it is ignored: only DT_RPATH is left."""
    patched = read_tables(patch_elf(make_elf(Sketch(rpath=b"/old", runpath=b"/run")), ElfChange(rpath=RPATH)))
    assert [
        patched.string(patched.strings_range(), entry.value) for entry in patched.dynamic if entry.tag == DT_RPATH
    ] == [RPATH]
    image = parse_elf(patched.content)
    assert image is not None
    assert image.runpath is None


def test_removal_adds_nothing() -> None:
    """A search path is taken out in place."""
    content = make_elf(Sketch(rpath=b"/old", runpath=b"/run"))
    assert len(patch_elf(content, ElfChange(rpath=b""))) == len(content)


def test_nothing_to_do() -> None:
    """An image that asks for it already keeps its bytes, whatever way it came to."""
    content = make_elf(Sketch(interpreter=LOADER, rpath=RPATH))
    assert patch_elf(content, BOTH) is content
    assert patch_elf(content, ElfChange()) is content


@pytest.mark.parametrize(
    ("sketch", "change", "message"),
    [
        (Sketch(interpreter=None), BOTH, "no interpreter"),
        (Sketch(), ElfChange(rpath=b"a\0b"), "NUL"),
        (Sketch(base=0xFFFFFFFF80000000), BOTH, "highest addresses"),
    ],
)
def test_what_cannot_be_done(sketch: Sketch, change: ElfChange, message: str) -> None:
    """What an image cannot ask for is an error, not a guess."""
    with pytest.raises(ElfError, match=message):
        patch_elf(make_elf(sketch), change)


def test_a_static_program_has_no_search_path() -> None:
    """Without a dynamic section nothing would read a search path."""
    tables = read_tables(make_elf(Sketch(interpreter=None)))
    dynamic = tables.find_segment(PT_DYNAMIC)
    assert dynamic is not None
    content = tables.content.replace(dynamic.format(), dynamic._replace(kind=0).format())
    with pytest.raises(ElfError, match="no dynamic"):
        patch_elf(content, ElfChange(rpath=RPATH))


def mutate(chance: random.Random, content: bytes) -> bytes:
    """The image with a few bytes, words or pieces changed, most of them in its tables."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(min(len(changed), chance.choice([HEADER_BYTES, 1024, len(changed)])))
        match chance.randrange(4):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                value = chance.choice([0, 1, 8, 0x1000, 1 << 31, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
                changed[place & ~7 : (place & ~7) + 8] = value.to_bytes(8, "little")
            case 2:
                del changed[place:]
                changed.extend(bytes(chance.randrange(2)))
            case _:
                other = chance.randrange(len(changed))
                changed[place : place + 56] = changed[other : other + 56]
        if not changed:
            break
    return bytes(changed)


def check_survives(content: bytes) -> bool:
    """Whether a damaged image can be read and patched. Nothing but ElfError is raised, and no patch is half done."""
    try:
        parse_elf(content)
        patched = patch_elf(content, BOTH)
    except ElfError:
        return False
    image = parse_elf(patched)
    return image is None or (image.interpreter, image.rpath, image.runpath) == (LOADER, RPATH, None)


def test_damaged_images() -> None:
    """Whatever is done to an image, it is refused with ElfError or patched exactly; reading it always ends."""
    chance = random.Random(SEED)
    seeds = [make_elf(Sketch(notes=notes, spare=spare)) for notes in (0, 1, 2) for spare in (0, 4)]
    outcomes = [check_survives(mutate(chance, chance.choice(seeds))) for _ in range(ROUNDS)]
    assert ROUNDS // 10 < sum(outcomes) < ROUNDS


@pytest.mark.skipif(sys.platform != "linux", reason="needs an ELF file of the machine")
def test_damaged_real_images() -> None:
    """The same for a library that this interpreter uses, with all that real linkers write."""
    spec = importlib.util.find_spec("blake3.blake3")
    assert spec is not None
    assert spec.origin is not None
    content = Path(spec.origin).read_bytes()
    chance = random.Random(SEED)
    assert check_survives(content) is False, "a library has no interpreter"
    outcomes = [check_survives(mutate(chance, content)) for _ in range(ROUNDS // 30)]
    assert not any(outcomes)
