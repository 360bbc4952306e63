"""What build scripts may leave to deceive or to stop who reads it: refused by name, or made harmless."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings

from devenv.build.script import output_tree
from devenv.build.script.fixup import CAPABILITIES
from devenv.errors import BuildError
from devenv.nar.nodes import MAX_DEPTH
from tests.trees import Link, Script, Tree, trees, write_files
from tests.unit.build.script.world import Flat, World, new_world


def refuse(world: World, make: Callable[[Path], object]) -> BuildError:
    """The error that stops what `make` made."""
    with pytest.raises(BuildError) as caught:
        world.fix(make)
    return caught.value


def in_directory(make: Callable[[Path], object], name: str = "x") -> Callable[[Path], object]:
    """Something in a directory of the output."""

    def run(tree: Path) -> None:
        (tree / "lib").mkdir(parents=True)
        make(tree / "lib" / name)

    return run


def bind_socket(place: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(place.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(("make", "kind"), [(os.mkfifo, "a FIFO"), (bind_socket, "a socket")])
def test_special_files(world: World, make: Callable[[Path], object], kind: str) -> None:
    """A FIFO or socket is refused and named, and nobody waits for its other end (J-06)."""
    error = refuse(world, in_directory(make))
    assert error.slug == "output-special-file"
    assert error.message == f"`lib/x` of `thing` is {kind}, which no package can hold"


def test_output_that_is_a_fifo(world: World) -> None:
    """The output itself may be no special file either (J-06)."""
    error = refuse(world, os.mkfifo)
    assert (error.slug, error.message.startswith("the output of `thing` is a FIFO")) == ("output-special-file", True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices")
def test_devices(world: World) -> None:
    """A device is refused (J-06)."""
    try:
        error = refuse(world, in_directory(lambda place: os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3))))
    except PermissionError:
        pytest.skip("no devices can be made in this container")
    assert error.message.startswith("`lib/x` of `thing` is a device")


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o4644, 0o6555])
def test_set_id_bits(world: World, mode: int) -> None:
    """A program that would run as somebody else is refused, and not quietly made an ordinary one (J-06)."""

    def make(place: Path) -> None:
        place.write_bytes(b"")
        place.chmod(mode)

    error = refuse(world, in_directory(make))
    assert (error.slug, error.message.split(":")[0]) == ("output-set-id", "`lib/x` of `thing` has a set-id bit")


def test_capabilities(world: World) -> None:
    """Rights that a file gives as an attribute are refused like those of a set-id bit (J-06)."""

    def make(place: Path) -> None:
        place.write_bytes(b"")
        try:
            # Version 2 of the format, CAP_NET_RAW, effective.
            os.setxattr(place, CAPABILITIES, bytes.fromhex("01000002002000000000000000000000 00000000"))
        except OSError:
            pytest.skip("no capabilities can be given here")

    assert refuse(world, in_directory(make)).slug == "output-set-id"


def test_other_modes_and_attributes(world: World) -> None:
    """Of modes only the owner's executable bit counts; a directory's set-group and sticky bits are no rights (J-06)."""

    def make(tree: Path) -> None:
        tree.mkdir()
        tree.chmod(0o3777)
        for name, mode in ((b"all", 0o777), (b"others", 0o666), (b"group", 0o070), (b"mine", 0o100), (b"none", 0)):
            place = Path(os.fsdecode(bytes(tree) + b"/" + name))
            place.write_bytes(name)
            place.chmod(mode)

    assert world.fix(make) == {
        b"": None,
        b"all": Script(b"all"),
        b"group": b"group",
        b"mine": Script(b"mine"),
        b"none": b"none",
        b"others": b"others",
    }


def test_directories_that_nobody_may_read(world: World) -> None:
    """Mode 0000 hides nothing and stops nothing (J-06)."""

    def make(tree: Path) -> None:
        (tree / "a/b").mkdir(parents=True)
        (tree / "a/b/f").write_bytes(b"f")
        for place in (tree / "a/b/f", tree / "a/b", tree / "a", tree):
            place.chmod(0)

    assert world.fix(make) == {b"": None, b"a": None, b"a/b": None, b"a/b/f": b"f"}


def test_nothing_was_made(world: World) -> None:
    """A script that ends well and makes no output has failed, and says where it should have been (J-13)."""
    error = refuse(world, lambda _: None)
    assert (error.slug, "$out" in error.message) == ("output-missing", True)


@pytest.mark.parametrize("target", [b"/etc", b"/etc/shadow", b"../..", b".", b"nothing", b"/build/x"])
def test_output_that_is_a_link(world: World, target: bytes) -> None:
    """The output itself is never followed, wherever it leads (J-06, CVE-2026-39860)."""
    with pytest.raises(BuildError) as caught:
        world.fix(Link(target))
    assert caught.value.slug == "output-link-outside"


def test_output_that_is_a_file(world: World) -> None:
    """A single file is an output, too."""
    assert world.fix(Script(b"x")) == {b"": Script(b"x")}


def test_hard_links(world: World) -> None:
    """Names of one file become files of their own: nothing outside is changed through them (J-06)."""

    def make(tree: Path) -> None:
        tree.mkdir()
        (tree / "a").write_bytes(b"same")
        os.link(tree / "a", tree / "b")

    assert world.fix(make) == {b"": None, b"a": b"same", b"b": b"same"}


def test_names_for_terminals(world: World) -> None:
    """Control characters in names get into no message as they are (J-12, M-01)."""
    error = refuse(world, in_directory(os.mkfifo, "a\n\x1b[31mb"))
    assert error.message.startswith(r"`lib/a\n\x1b[31mb` of `thing`")


def make_deep(tree: Path, depth: int) -> None:
    tree.mkdir()
    here = os.open(tree, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@pytest.mark.parametrize("extra", [0, 1, 3000])
def test_depth(world: World, extra: int) -> None:
    """As deep as an archive may be is taken, deeper is refused, without running out of descriptors or stack (J-06)."""
    deepest = MAX_DEPTH - 1

    def make(tree: Path) -> None:
        make_deep(tree, deepest + extra)

    if not extra:
        assert len(world.fix(make)) == MAX_DEPTH
        return
    assert refuse(world, make).slug == "output-too-large"


def test_number_of_entries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of more files than any package has is refused before they are all held in memory (J-06)."""
    monkeypatch.setattr(output_tree, "MAX_ENTRIES", 5)
    files = {b"%d" % number: b"" for number in range(3)}
    assert len(world.fix({b"a": files, b"b": b""})) == 6
    error = refuse(world, lambda tree: (tree / "a/more").mkdir())
    assert error.slug == "output-too-large"


def test_sparse_file(world: World) -> None:
    """A file that says to be larger than any disk is refused and not read (J-06, J-09)."""

    def make(place: Path) -> None:
        with place.open("wb") as file:
            file.truncate(output_tree.MAX_OUTPUT_BYTES + 1)

    assert refuse(world, in_directory(make)).slug == "output-too-large"


@settings(max_examples=60, deadline=None)
@given(trees())
def test_any_tree(tree: Tree) -> None:
    """Whatever names, links and contents a script makes up, there is an object or an error that says what is wrong."""
    with new_world() as world:
        write_files(tree, world.tree)
        try:
            fixed = world.fix()
        except BuildError:
            fixed = None
        expected = expect(tree)
        has_links = any(isinstance(entry, Link) for entry in expected.values())
        assert fixed == expected or (fixed is None and has_links)


def expect(tree: Tree, path: bytes = b"") -> Flat:
    """A tree as it is, by paths."""
    if not isinstance(tree, Mapping):
        return {path: tree}
    found: Flat = {path: None}
    for name, entry in tree.items():
        found |= expect(entry, path + b"/" + name if path else name)
    return found
