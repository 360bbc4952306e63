"""Where programs and libraries of an output are led."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devenv.build.script import libraries
from devenv.elf.build_id import find_build_ids
from devenv.elf.image import ElfImage, parse_elf
from devenv.elf.tables import PT_NOTE, read_tables
from devenv.errors import BuildError
from tests.trees import Link, Script, Tree
from tests.unit.build.script.world import LIBRARIES, LOADER, SCRATCH, World, flatten, make_library, nest, new_world
from tests.unit.elf.images import AARCH64, EXECUTABLE, Sketch, make_elf

TRIPLET = LIBRARIES.rpartition("/")[2]
Z = make_library(b"libz.so.1", b"libc.so.6")


def identified(image: bytes, identifier: bytes = b"\x11" * 16) -> bytes:
    """The image with a build identifier in its first note."""
    place = next(each.offset for each in read_tables(image).segments if each.kind == PT_NOTE)
    note = struct.pack("<III", 4, len(identifier), 3) + b"GNU\0" + identifier
    return image[:place] + note + image[place + len(note) :]


def program(*needed: bytes, **fields: object) -> Script:
    """A program that needs libraries."""
    return Script(make_elf(Sketch(needed=needed, **fields)))  # type: ignore[arg-type] # fields by their names


def fix_image(world: World, tree: Tree | None, path: bytes, **changes: object) -> ElfImage:
    """What the image at `path` asks for in the end; paths of objects with their names only."""
    fixed = world.fix(tree, **changes)[path]
    content = fixed.content if isinstance(fixed, Script) else fixed
    assert isinstance(content, bytes)
    image = parse_elf(content)
    assert image is not None
    return image


def directories(world: World, image: ElfImage) -> list[str]:
    """The search path, with objects by their names."""
    assert image.runpath is None
    prefix = f"{world.root}/"
    found = []
    for entry in (image.rpath or b"").decode().split(":"):
        assert entry.startswith(prefix) or not entry
        found.append(entry.removeprefix(prefix)[33:])
    return found


RUNTIME = f"runtime-1/{LIBRARIES}"


def test_program_gets_the_runtime(world: World) -> None:
    """A program of the sysroot's compiler gets the runtime's loader and libraries; nothing of the sysroot is left."""
    image = fix_image(world, {b"x": program(b"libc.so.6", rpath=b"/usr/lib:/build/x/.libs")}, b"x")
    (runtime,) = world.root.glob("*-runtime-1")
    assert image.interpreter == bytes(runtime / LOADER)
    assert directories(world, image) == [RUNTIME]
    assert image.needed == (b"libc.so.6",)


def test_old_requests_are_gone(world: World) -> None:
    """What the build wrote into the search path does not stand in the file as a string that nobody reads."""
    tool, unused = world.put("gcc-14", nest(LOADER, b"")), world.put("unused-1", {b"lib": {b"u.so": Z}})
    own = b":".join(bytes(each) for each in (tool / "lib", unused / "lib", Path("/build/lib")))
    fixed = world.fix(
        {b"x": program(b"libc.so.6", interpreter=bytes(tool / LOADER), runpath=own)}, tools=(tool,), inputs=(unused,)
    )[b"x"]
    assert isinstance(fixed, Script)
    for gone in (tool, unused):
        assert gone.name[:32].encode() not in fixed.content
    assert b"/build" not in fixed.content
    assert not world.leftovers


def test_libraries_of_inputs(world: World) -> None:
    """The search path holds the directories of what is needed, in the order of the inputs, and no others."""
    packages = tuple(
        world.put(f"{name}-1", {b"lib": {b"lib%s.so.1" % name.encode(): make_library(b"x")}}) for name in "abc"
    )
    tree: Tree = {b"x": program(b"libc.so.1", b"liba.so.1", b"libc.so.6")}
    assert directories(world, fix_image(world, tree, b"x", inputs=packages)) == ["a-1/lib", "c-1/lib", RUNTIME]


def test_first_of_equal_libraries(world: World) -> None:
    """The output's own library comes before an input's, an earlier input's before a later one's or the runtime's."""
    packages = tuple(world.put(f"{name}-1", {b"lib": {b"libm.so.6": make_library(b"m")}}) for name in "ab")
    tree: Tree = {b"lib": {}, b"x": program(b"libm.so.6")}
    assert directories(world, fix_image(world, tree, b"x", inputs=packages)) == ["a-1/lib"]
    (world.tree / "lib/libm.so.6").write_bytes(Z)
    assert directories(world, fix_image(world, None, b"x", inputs=packages)) == ["thing-1/lib"]


def test_own_libraries(world: World) -> None:
    """Libraries of the output are found in `lib`, where the build's path says, and beside; never where it does not."""
    tree: Tree = {
        b"bin": {b"x": program(b"liba.so.1", b"libp.so.1", b"libq.so.1", runpath=b"$ORIGIN/../lib/private")},
        b"lib": {
            b"liba.so.1": Link(b"liba.so.1.2"),
            b"liba.so.1.2": make_library(b"liba.so.1", b"libz.so.1"),
            b"private": {b"libp.so.1": make_library(b"libp.so.1")},
            b"other": {b"libq.so.1": make_library(b"libq.so.1", b"libr.so.1"), b"libr.so.1": make_library(b"r")},
        },
    }
    package = world.put("zlib-1", {b"lib": {b"libz.so.1": Z}})
    image = fix_image(world, tree, b"bin/x", inputs=(package,))
    assert directories(world, image) == ["thing-1/lib/private", "thing-1/lib", "thing-1/lib/other"]
    fixed = world.fix(inputs=(package,))
    for path, expected in (
        (b"lib/liba.so.1.2", ["zlib-1/lib", RUNTIME]),
        (b"lib/other/libq.so.1", ["thing-1/lib/other"]),
    ):
        content = fixed[path]
        assert isinstance(content, bytes)
        library = parse_elf(content)
        assert library is not None
        assert directories(world, library) == expected


def test_libraries_of_bundles(world: World) -> None:
    """A bundle's libraries are taken from its tree, behind the runtime: it has a C library of its own there.

    They have no search path and follow who loads them, so the path also holds what they need in private directories.
    """
    bundle = world.put(
        "blas-1",
        {
            b"lib": {b"libblas.so.3": Link(b"../" + LIBRARIES.encode() + b"/libblas.so.3")},
            b"root": nest(
                f"usr/lib/{TRIPLET}",
                {
                    b"libblas.so.3": make_library(b"libblas.so.3", b"libfortran.so.5", b"libm.so.6"),
                    b"libc.so.6": make_library(b"libc.so.6"),
                    b"private": {b"libfortran.so.5": make_library(b"libfortran.so.5")},
                },
            ),
        },
    )
    plain = world.put("plain-1", {b"lib": {b"libp.so.1": make_library(b"libp.so.1")}})
    tree: Tree = {b"x": program(b"libblas.so.3", b"libp.so.1", b"libc.so.6", rpath=bytes(bundle / "lib"))}
    image = fix_image(world, tree, b"x", inputs=(bundle, plain))
    expected = ["plain-1/lib", RUNTIME, f"blas-1/{LIBRARIES}", f"blas-1/{LIBRARIES}/private"]
    assert directories(world, image) == expected


def test_link_to_a_library_of_an_input(world: World) -> None:
    """A library that the output only links to is followed to its own needs."""
    package = world.put("zlib-1", {b"lib": {b"libz.so.1": make_library(b"z", b"liby.so.1"), b"liby.so.1": Z}})
    tree: Tree = {b"lib": {b"libz.so.1": Link(bytes(package / "lib/libz.so.1"))}, b"x": program(b"libz.so.1")}
    image = fix_image(world, tree, b"x", inputs=(package,))
    assert directories(world, image) == ["thing-1/lib", "zlib-1/lib", RUNTIME]


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {b"lib": {b"libz.so.1": b"INPUT(libz.so.1.2)"}},
        {b"lib": {b"libz.so.1": Link(b"missing")}},
        {b"lib": {b"libz.so.1": make_elf(Sketch(interpreter=None, machine=AARCH64))}},
        {b"lib": {b"libz.so.1": {}}},
        {b"lib:": {b"tmp": {b"libz.so.1": Z}}},
        {b"$LIB": {b"libz.so.1": Z}},
    ],
    ids=["nothing", "text", "dangling", "other machine", "directory", "two entries", "variable"],
)
def test_undeclared_library(world: World, tree: dict[bytes, Tree]) -> None:
    """A program that needs what nothing has is named now, with the library and the next step (J-13)."""
    with pytest.raises(BuildError) as caught:
        world.fix({**tree, b"bin": {b"x": program(b"libz.so.1")}})
    assert caught.value.slug == "library-undeclared"
    assert caught.value.message.startswith("`bin/x` of `thing` needs the library `libz.so.1`")
    assert caught.value.hint == "add the package that has `libz.so.1` to `inputs`"


def test_library_of_a_tool(world: World) -> None:
    """If a tool has the library, the error says which."""
    tool = world.put("zlib-1.3", {b"lib": {b"libz.so.1": Z}})
    with pytest.raises(BuildError) as caught:
        world.fix({b"x": program(b"libz.so.1", rpath=bytes(tool / "lib"))}, tools=(tool,))
    assert caught.value.hint == "`zlib-1.3` has it: take that from `tools` to `inputs`"


@pytest.mark.parametrize(
    ("name", "is_right"),
    [
        (b"$ORIGIN/../lib/libz.so.1", True),
        (b"{input}/lib/libz.so.1", True),
        (b"$ORIGIN/../../libz.so.1", False),
        (b"/usr/lib/libz.so.1", False),
        (b"../lib/libz.so.1", False),
        (b"/build/libz.so.1", False),
    ],
)
def test_libraries_named_by_paths(world: World, name: bytes, is_right: bool) -> None:
    """A library that is needed by its path must lie in the output or an input, by a path from the top."""
    package = world.put("z", {b"lib": {b"libz.so.1": Z}})
    needed = name.replace(b"{input}", bytes(package))
    tree: Tree = {b"bin": {b"x": program(needed)}, b"lib": {b"libz.so.1": make_library(b"libz.so.1")}}
    if is_right:
        assert fix_image(world, tree, b"bin/x", inputs=(package,)).needed == (needed,)
        return
    with pytest.raises(BuildError) as caught:
        world.fix(tree, inputs=(package,))
    assert caught.value.slug == "library-undeclared"


def test_other_loaders(world: World) -> None:
    """A loader of glibc gives way to the runtime's, another one of an input stays, and any other is an error (J-13)."""
    package = world.put("musl-1", {b"lib": {b"ld-musl-x86_64.so.1": Z}})
    (runtime,) = world.root.glob("*-runtime-1")
    for interpreter, expected in (
        (package / "lib/ld-musl-x86_64.so.1", package / "lib/ld-musl-x86_64.so.1"),
        (package / "lib/ld-linux-x86-64.so.2", runtime / LOADER),
        (Path("/usr/lib64/ld-linux-x86-64.so.2"), runtime / LOADER),
    ):
        world.tree.unlink(missing_ok=True)
        image = fix_image(world, program(interpreter=bytes(interpreter)), b"", inputs=(package,))
        assert image.interpreter == bytes(expected)
    for other in (b"/lib/ld-musl-x86_64.so.1", b"/nix/store/x/lib/ld-linux-x86-64.so.2", b"/build/ld.so", b"ld"):
        world.tree.unlink()
        with pytest.raises(BuildError) as caught:
            world.fix(program(interpreter=other))
        assert caught.value.slug == "interpreter-undeclared"


@pytest.mark.parametrize(
    "content",
    [
        make_elf(Sketch(interpreter=None, needed=(), kind=EXECUTABLE)),
        make_elf(Sketch(machine=AARCH64, interpreter=b"/lib/ld-linux-aarch64.so.1")),
        make_elf(Sketch(machine=AARCH64, interpreter=b"/sys/no", needed=(b"no.so",))),
        b"\x7fELF\x01\x01\x01" + bytes(60),
        b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00\x3e\x00" + bytes(100),
    ],
    ids=["static", "other machine", "other loader", "32 bits", "object"],
)
def test_images_that_stay(world: World, content: bytes) -> None:
    """What asks our loader for nothing stays as it is, byte for byte."""
    assert world.fix({b"f.o": content})[b"f.o"] == content


def test_damaged_images(world: World) -> None:
    """A damaged program is named; a file of data with the mark of one stays as it is."""
    damaged = make_elf(Sketch())[:200]
    assert world.fix({b"test.bin": damaged})[b"test.bin"] == damaged
    for name, tree in ((b"x", Script(damaged)), (b"x.so", damaged)):
        put(world.tree, name, tree)
        with pytest.raises(BuildError) as caught:
            world.fix()
        assert caught.value.slug == "elf-invalid"


def put(place: Path, name: bytes, tree: Tree) -> None:
    target = place / os.fsdecode(name)
    target.write_bytes(tree.content if isinstance(tree, Script) else bytes(tree))  # type: ignore[arg-type]
    target.chmod(0o755 if isinstance(tree, Script) else 0o644)


def test_build_identifier(world: World) -> None:
    """It follows from the content, and not from what the linker wrote, which depends on the store's place (J-18)."""
    image = make_elf(Sketch(interpreter=None, needed=(b"libc.so.6",)))
    other = make_elf(Sketch(interpreter=None, needed=(b"libc.so.6",), payload=b"data" * 16))
    fixed = world.fix(
        {b"a.so": identified(image), b"b.so": identified(image, b"\x22" * 16), b"c.so": identified(other)}
    )
    (place,) = find_build_ids(identified(image))
    ids = []
    for name in (b"a.so", b"b.so", b"c.so"):
        content = fixed[name]
        assert isinstance(content, bytes)
        ids.append(content[place.start : place.stop])
    assert ids[0] == ids[1] != ids[2]
    assert len({*ids, bytes(16), b"\x11" * 16}) == 4


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=40), st.sampled_from([(), (b"libz.so.1",)]), st.integers(0, 1 << 60))
def test_same_build_in_two_homes(payload: bytes, needed: tuple[bytes, ...], seed: int) -> None:
    """The same build in two homes has the same digest, whatever the linker made of the store's place (J-18)."""
    digests = set()
    for number in range(2):
        with new_world() as world:
            package = world.put("zlib-1", {b"lib": {b"libz.so.1": Z}})
            identifier = struct.pack("<QQ", seed, number)
            sketch = Sketch(
                needed=(*needed, b"libc.so.6"),
                runpath=bytes(package / "lib") + b":" + bytes(world.out / "lib"),
                payload=payload,
            )
            world.fix(
                {
                    b"bin": {
                        b"x": Script(identified(make_elf(sketch), identifier)),
                        b"s": Script(b"#!" + bytes(world.out) + b"/bin/x\n"),
                    },
                    b"lib": {b"libp.so": make_library(b"libp.so"), b"l": Link(bytes(world.out / "bin"))},
                    b"share": {b"f": payload + bytes(world.out), b"u": bytes(package)},
                },
                inputs=(package,),
            )
            digests.add(world.digest(inputs=(package,)))
    assert len(digests) == 1


def test_fixing_twice(world: World) -> None:
    """What was fixed is right, and stays as it is."""
    package = world.put("zlib-1", {b"lib": {b"libz.so.1": Z}, b"bin": {b"sh": Script(b"")}})
    tree: Tree = {
        b"bin": {
            b"x": Script(identified(make_elf(Sketch(needed=(b"libz.so.1", b"libp.so"))))),
            b"s": Script(b"#!/bin/sh\n"),
        },
        b"lib": {b"libp.so": make_library(b"libp.so", b"libc.so.6"), b"l": Link(bytes(world.out / "bin/x"))},
    }
    once = world.fix(tree, inputs=(package,))

    def write(place: Path) -> None:
        for path, entry in once.items():
            target = place / os.fsdecode(path)
            if entry is None:
                target.mkdir()
            elif isinstance(entry, Link):
                target.symlink_to(os.fsdecode(entry.target))
            else:
                put(target.parent, os.fsencode(target.name), entry)

    second = world.home / "build/second"
    write(second)
    assert flatten(world.request(inputs=(package,), tree=second)) == once
    assert SCRATCH.encode() in once[b"bin/x"].content  # type: ignore[union-attr] # it is a program


def test_lookups_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output in which every program needs everything from everywhere is refused in the end (J-09)."""
    monkeypatch.setattr(libraries, "MAX_LOOKUPS", 40)
    places = {b"d%d" % number: {b"libz.so.1": b"no library"} for number in range(50)}
    with pytest.raises(BuildError, match="look-ups") as caught:
        world.fix({**places, b"x": program(b"libz.so.1")})
    assert caught.value.slug == "elf-invalid"
