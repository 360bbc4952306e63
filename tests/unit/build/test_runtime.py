"""Programs from wheels are led to the runtime; what does not use the host's C library stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.build.runtime import Runtime
from devenv.elf.image import IMAGE_LIMIT, ElfImage, parse_elf
from devenv.errors import BuildError
from devenv.nar.nodes import Directory, File, Node, Symlink
from tests.unit.elf.images import AARCH64, Sketch, make_elf

ARM_LOADER = b"/lib/ld-linux-aarch64.so.1"
LIBRARIES = "root/usr/lib/x86_64-linux-gnu"
PIECE = 1000


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a runtime lies, and nothing else of it than its loader."""
    add_loader(tmp_path, LIBRARIES, "ld-linux-x86-64.so.2")
    return tmp_path


def add_loader(place: Path, directory: str, name: str) -> None:
    (place / directory).mkdir(parents=True, exist_ok=True)
    (place / directory / name).touch()


def link(place: Path, content: bytes) -> bytes:
    """What becomes of a file that is read in small pieces."""
    pieces = [content[start : start + PIECE] for start in range(0, len(content), PIECE)]
    (node,) = Runtime(place).link(iter([File((b"bin", b"tool"), True, len(content), pieces)]), "tool")
    assert isinstance(node, File)
    linked = b"".join(node.content)
    assert (node.path, node.executable, node.size) == ((b"bin", b"tool"), True, len(linked))
    return linked


def parse(content: bytes) -> ElfImage:
    image = parse_elf(content)
    assert image is not None
    return image


@pytest.mark.parametrize(("own", "rpath"), [
    (Sketch(), b"{0}"),
    (Sketch(rpath=b"$ORIGIN/../lib"), b"$ORIGIN/../lib:{0}"),
    (Sketch(runpath=b"$ORIGIN"), b"$ORIGIN:{0}"),
    (Sketch(rpath=b"/unused", runpath=b"$ORIGIN"), b"$ORIGIN:{0}"),
])  # fmt: skip
def test_program_is_led_to_the_runtime(place: Path, own: Sketch, rpath: bytes) -> None:
    """A program gets the runtime's loader, and its libraries behind those that it brings; nothing else changes."""
    image = parse(link(place, make_elf(own)))

    libraries = bytes(place / LIBRARIES)
    assert image.interpreter == libraries + b"/ld-linux-x86-64.so.2"
    # Not DT_RUNPATH: it would not serve what the program's libraries need.
    assert (image.rpath, image.runpath) == (rpath.replace(b"{0}", libraries), None)
    assert image.needed == tuple(own.needed)


def test_program_for_aarch64(tmp_path: Path) -> None:
    """The other architecture has another loader, at another place."""
    add_loader(tmp_path, "root/usr/lib/aarch64-linux-gnu", "ld-linux-aarch64.so.1")
    image = parse(link(tmp_path, make_elf(Sketch(machine=AARCH64, interpreter=ARM_LOADER))))
    assert image.interpreter == bytes(tmp_path / "root/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1")


def test_library_with_a_search_path(place: Path) -> None:
    """A library that says where to look finds the runtime too: its word hides that of its program."""
    image = parse(link(place, make_elf(Sketch(interpreter=None, soname=b"libx.so.1", runpath=b"$ORIGIN/deps"))))
    assert image.interpreter is None
    assert (image.rpath, image.runpath) == (b"$ORIGIN/deps:" + bytes(place / LIBRARIES), None)


@pytest.mark.parametrize(
    "content",
    [
        make_elf(Sketch(interpreter=None)),
        make_elf(Sketch(interpreter=None, needed=())),
        make_elf(Sketch(interpreter=b"/lib/ld-musl-x86_64.so.1", needed=(b"libc.musl-x86_64.so.1",))),
        make_elf(Sketch(interpreter=b"/nix/store/x/ld-linux-x86-64.so.2")),
        b"#!/bin/sh\n" + b"exit 0\n" * PIECE,
        b"",
    ],
    ids=["library", "static", "musl", "another loader", "script", "empty"],
)
def test_what_is_left_alone(place: Path, content: bytes) -> None:
    """Libraries that follow their program, static and musl programs, and what is no program, stay byte for byte."""
    assert link(place, content) == content


def test_tree_keeps_its_shape(place: Path) -> None:
    """Directories and links pass as they are, in their order."""
    nodes: list[Node] = [Directory(()), Directory((b"bin",)), Symlink((b"bin", b"node"), b"../lib/node")]
    assert list(Runtime(place).link(iter(nodes), "node")) == nodes


def test_damaged_program(place: Path) -> None:
    """A program that ends early or contradicts itself is an error that names file and package, and not a crash."""
    whole = make_elf(Sketch())
    for damaged in (whole[:40], whole[:200], whole[:32] + b"\xff" * 8 + whole[40:]):
        with pytest.raises(BuildError) as caught:
            link(place, damaged)
        assert caught.value.slug == "elf-invalid"
        assert caught.value.message.startswith("`bin/tool` of `tool` is a damaged program: ")


def test_huge_program(place: Path) -> None:
    """A program that is too large to be changed in memory is refused before it is read."""

    def pieces() -> list[bytes]:
        return [make_elf(Sketch())]

    file = File((b"tool",), True, IMAGE_LIMIT + 1, pieces())
    with pytest.raises(BuildError, match="is larger than") as caught:
        list(Runtime(place).link(iter([file]), "tool"))
    assert caught.value.slug == "elf-invalid"


@pytest.mark.parametrize("names", [(), ("ld-linux-x86-64.so.2", "ld-linux-other.so.2")])
def test_object_that_is_no_runtime(tmp_path: Path, names: tuple[str, ...]) -> None:
    """What has no loader, or several, is no runtime."""
    for name in names:
        add_loader(tmp_path, LIBRARIES, name)
    with pytest.raises(BuildError) as caught:
        Runtime(tmp_path)
    assert caught.value.slug == "runtime-invalid"
    assert f"it has {len(names)} loaders" in caught.value.message
