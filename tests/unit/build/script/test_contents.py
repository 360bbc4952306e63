"""What contents of an output may mention, and what of them is left out or made the same each time."""

from __future__ import annotations

import gzip
import os
import tracemalloc

import pytest

from devenv.build.script.fixup import iter_output
from devenv.build.script.mentions import MAX_LEFTOVERS
from devenv.errors import BuildError
from devenv.nar.nodes import File
from devenv.store.links import READ_BYTES
from tests.trees import Link, Script
from tests.unit.build.script.world import World


@pytest.mark.parametrize("offset", [0, 7, READ_BYTES - 50, READ_BYTES - 1, READ_BYTES, 2 * READ_BYTES - 100])
@pytest.mark.parametrize("count", [1, 40], ids=["one tool", "many tools"])
def test_mention_of_a_tool(world: World, offset: int, count: int) -> None:
    """A file that mentions a tool is named, wherever the path stands and however the file is read (J-13)."""
    tools = tuple(world.put(f"tool{number}-1", {}) for number in range(count))
    content = bytes(offset) + os.fsencode(tools[-1]) + bytes(100)
    with pytest.raises(BuildError) as caught:
        world.fix({b"share": {b"f": content}}, tools=tools)
    assert caught.value.slug == "tool-referenced"
    assert caught.value.message.startswith(f"`share/f` of `thing` mentions the tool `tool{count - 1}-1`")


def test_mention_by_digest_and_in_a_name(world: World) -> None:
    """The digest alone is a reference, as the store sees it, also in a file's name or a link's target (J-13)."""
    tool = world.put("cc-1", {})
    digest = tool.name[:32].encode()
    for tree in ({b"f": b"../" + digest}, {b"f" + digest: b""}, {b"f": Link(digest)}):
        with pytest.raises(BuildError) as caught:
            world.fix(tree, tools=(tool,))
        assert caught.value.slug == "tool-referenced"
        for place in world.tree.iterdir():
            place.unlink()
        world.tree.rmdir()


def test_tool_that_is_an_input_too(world: World) -> None:
    """What is declared for run time may be mentioned, whatever else it is."""
    package = world.put("perl-5", {})
    content = os.fsencode(package)
    assert world.fix({b"f": content}, tools=(package,), inputs=(package,))[b"f"] == content


@pytest.mark.parametrize("before", [b"", b"\n", b"=", b'"', b"-I", bytes(READ_BYTES - 3)])
def test_mention_of_the_build_directory(world: World, before: bytes) -> None:
    """A file that mentions where it was built is reported once, and no error (J-13)."""
    world.fix({b"a\x1b": before + b"/build/x-1/y.c\0/build/", b"b": b"/usr/build/ /builds/ x/build/ /build"})
    assert world.leftovers == [r"a\x1b"]


def test_reports_are_bounded(world: World) -> None:
    """Who leaves the build directory everywhere does not flood anybody (J-09)."""
    world.fix({b"%d" % number: b"/build/x" for number in range(MAX_LEFTOVERS + 5)})
    assert len(world.leftovers) == MAX_LEFTOVERS


def test_libtool(world: World) -> None:
    """Descriptions of libraries for libtool, which name the build's directories, are left out; plugins keep theirs."""
    description = b"# libx.la - a libtool library file\ndependency_libs='-L/build/x'\n"
    fixed = world.fix({b"lib": {b"libx.la": description, b"other.la": b"data", b"plugins": {b"p.la": description}}})
    assert sorted(fixed) == [b"", b"lib", b"lib/other.la", b"lib/plugins", b"lib/plugins/p.la"]


def test_index_of_info_pages(world: World) -> None:
    """An index of all packages' pages is no package's; a file of that name elsewhere stays."""
    fixed = world.fix({b"share": {b"info": {b"dir": b"x", b"a.info": b"y"}, b"dir": b"z"}})
    assert sorted(fixed) == [b"", b"share", b"share/dir", b"share/info", b"share/info/a.info"]


def test_directory_called_like_the_index(world: World) -> None:
    """Only a file is an index: what lies in a directory of its name stays, and has a parent (J-06)."""
    assert world.fix({b"share": {b"info": {b"dir": {b"f": b"x"}}}})[b"share/info/dir/f"] == b"x"


def test_gzip_times(world: World) -> None:
    """What was compressed at another time comes out the same, and still opens (J-18)."""
    pages = {b"%d.1.gz" % time: gzip.compress(b"page", mtime=time) for time in (1, 2_000_000_000)}
    fixed = world.fix({**pages, b"data": pages[b"1.1.gz"], b"short.gz": b"\x1f\x8b\x08\x00\x01"})
    first, second = (fixed[name] for name in pages)
    assert isinstance(first, bytes)
    assert first == second
    assert gzip.decompress(first) == b"page"
    assert fixed[b"data"] == pages[b"1.1.gz"]
    assert fixed[b"short.gz"] == b"\x1f\x8b\x08\x00\x01"


def test_large_files_pass_in_pieces(world: World) -> None:
    """A large file is never held whole."""
    with world.tree.open("wb") as file:
        file.truncate(64 * READ_BYTES)
    tracemalloc.start()
    try:
        for node in iter_output(world.request()):
            assert isinstance(node, File)
            assert sum(map(len, node.content)) == node.size
        assert tracemalloc.get_traced_memory()[1] < 8 * READ_BYTES
    finally:
        tracemalloc.stop()


def test_empty_script(world: World) -> None:
    """Files of no bytes are files."""
    assert world.fix({b"e": b"", b"x": Script(b"")}) == {b"": None, b"e": b"", b"x": Script(b"")}
