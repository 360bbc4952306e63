"""What linkers of this machine make still runs when patched, and the tools that work on files take it."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from devenv.elf.image import parse_elf
from devenv.elf.patch import ElfChange, patch_elf
from devenv.elf.tables import PT_LOAD, PT_NOTE, read_tables
from tests.functional.elf.linked import (
    BARE_PROGRAM,
    LIBRARY,
    NO_NOTES,
    PROGRAM,
    attempt,
    compile_c,
    find_linkers,
    run,
)

pytestmark = pytest.mark.skipif(not find_linkers() or not shutil.which("gcc"), reason="needs gcc and a linker")

KINDS = {"pie": ("-fPIE", "-pie"), "fixed": ("-fno-pie", "-no-pie")}


def patch(path: Path, change: ElfChange) -> Path:
    path.write_bytes(patch_elf(path.read_bytes(), change))
    return path


def own_loader(program: Path) -> bytes:
    """Another name, a long one, for the loader that the program asks for."""
    image = parse_elf(program.read_bytes())
    assert image is not None
    assert image.interpreter is not None
    directory = program.parent / ("y" * 100)
    directory.mkdir(exist_ok=True)
    (directory / "loader").symlink_to(image.interpreter.decode())
    return bytes(directory / "loader")


@pytest.fixture(params=find_linkers())
def linker(request: pytest.FixtureRequest) -> str:
    """Each linker in turn."""
    return f"-fuse-ld={request.param}"


@pytest.fixture
def library(tmp_path: Path, linker: str) -> Path:
    """A patched library, by its soname."""
    path = compile_c(LIBRARY, tmp_path / "libanswer.so.1", linker, "-shared", "-fPIC", "-Wl,-soname,libanswer.so.1")
    return patch(path, ElfChange(rpath=b"$ORIGIN/further/libraries"))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_program_and_its_library(tmp_path: Path, linker: str, library: Path, kind: str) -> None:
    """A program links against a patched library, and when patched, runs with its heap, its zeroed and its own data."""
    program = compile_c(PROGRAM, tmp_path / "program", linker, *KINDS[kind], str(library))
    assert "cannot open shared object" in attempt([str(program)]).stderr
    loader = own_loader(program)
    patch(program, ElfChange(loader, b"$ORIGIN"))
    assert run([str(program)]) == "42 7\n"
    assert f"program interpreter: {loader.decode()}]" in run(["readelf", "-lW", str(program)])
    assert "(RPATH)" in run(["readelf", "-aW", str(program)])
    assert "$ORIGIN" in run(["objdump", "-p", str(program)])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_stripped_afterwards(tmp_path: Path, linker: str, library: Path, kind: str) -> None:
    """GNU strip, which lays a file out anew from its sections, keeps a patched program and a patched library intact."""
    program = compile_c(PROGRAM, tmp_path / "program", linker, *KINDS[kind], str(library))
    patch(program, ElfChange(own_loader(program), b"$ORIGIN"))
    for path in (program, library):
        before = parse_elf(path.read_bytes())
        run(["strip", str(path)])
        assert parse_elf(path.read_bytes()) == before
    assert run([str(program)]) == "42 7\n"


@pytest.mark.skipif("bfd" not in find_linkers(), reason="needs GNU ld")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_empty_entry(tmp_path: Path, kind: str) -> None:
    """Where the dynamic section is full, a longer copy serves."""
    options = ("-fuse-ld=bfd", "-Wl,--spare-dynamic-tags=0")
    library = compile_c(
        LIBRARY, tmp_path / "libanswer.so.1", *options, "-shared", "-fPIC", "-Wl,-soname,libanswer.so.1"
    )
    program = compile_c(PROGRAM, tmp_path / "program", *options, *KINDS[kind], str(library))
    length = len(read_tables(program.read_bytes()).dynamic)
    patch(program, ElfChange(rpath=b"$ORIGIN"))
    assert run([str(program)]) == "42 7\n"
    tables = read_tables(program.read_bytes())
    assert len(tables.dynamic) == length + 1
    assert [segment.flags for segment in tables.segments if segment.kind == PT_LOAD][-1] == 6


@pytest.mark.skipif(platform.machine() != "x86_64", reason="options and code for x86_64")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_note(tmp_path: Path, linker: str, kind: str) -> None:
    """A program without notes finds its program headers, all of them, where they have moved to."""
    program = compile_c(BARE_PROGRAM, tmp_path / "program", linker, *KINDS[kind], *NO_NOTES)
    tables = read_tables(program.read_bytes())
    assert tables.find_segment(PT_NOTE) is None
    patch(program, ElfChange(own_loader(program), b"$ORIGIN"))
    assert run([str(program)]) == f"{tables.header.segment_count + 1} headers, the first of type 6\n"


def test_a_search_path_serves_libraries_of_libraries(tmp_path: Path) -> None:
    """A library's own needs are found by the program's search path, before what `LD_LIBRARY_PATH` has."""
    inner, outer, wrong = tmp_path / "inner", tmp_path / "outer", tmp_path / "wrong"
    for directory in (inner, outer, wrong):
        directory.mkdir()
    shared = ("-shared", "-fPIC", "-Wl,-soname,libinner.so")
    compile_c("int inner(void) { return 1; }", inner / "libinner.so", *shared)
    compile_c("int inner(void) { return 2; }", wrong / "libinner.so", *shared)
    compile_c(
        "int inner(void); int answer(void) { return inner(); }",
        outer / "libanswer.so", "-shared", "-fPIC", str(inner / "libinner.so"),
    )  # fmt: skip
    link = ("-Wl,--enable-new-dtags", "-Wl,-rpath,/nowhere", f"-Wl,-rpath-link,{inner}", str(outer / "libanswer.so"))
    program = compile_c("int answer(void); int main(void) { return answer(); }", tmp_path / "program", *link)
    patch(program, ElfChange(rpath=b"$ORIGIN/inner:$ORIGIN/outer"))
    assert attempt([str(program)], variables={"LD_LIBRARY_PATH": str(wrong)}).returncode == 1
