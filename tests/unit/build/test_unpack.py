"""`unpack/1`: an archive becomes the tree that its recipe describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.errors import BuildError
from devenv.nar.nodes import File, Node
from tests.trees import Link, Script, Tree, iter_tree_nodes
from tests.zips import EXECUTABLE, REGULAR, Entry, make_zip

Unpack = Callable[..., list[Node]]

WHEEL = [
    Entry(b"tool-1.data/scripts/tool", b"#!/bin/sh\n"),
    Entry(b"tool-1.data/data/share/man/tool.1", b"manual"),
    Entry(b"tool-1.data/purelib/x.py", b""),
    Entry(b"tool/lib/a.so", b"library", mode=EXECUTABLE),
    Entry(b"tool/lib/deep/b.txt", b"text"),
    Entry(b"tool/", b"", mode=0o040755),
    Entry(b"tool/LICENSE", b"MIT"),
    Entry(b"tool-1.dist-info/RECORD", b""),
]


def plain(nodes: object) -> list[tuple[object, ...]]:
    """Nodes by value, with the contents of files."""
    assert isinstance(nodes, list)
    return [
        (node.path, node.executable, b"".join(node.content)) if isinstance(node, File) else (node,) for node in nodes
    ]


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    """Unpacks an archive of these members by these arguments."""

    def run(members: list[Entry], place: Mapping[str, str], **arguments: Any) -> list[Node]:
        source = tmp_path / "source"
        source.write_bytes(make_zip(members))
        given = {"format": "wheel", "place": place} | arguments
        nodes = BUILDERS["unpack/1"](BuilderRequest("tool-1", given, (source,), (), tmp_path / "out"))
        # Contents are read at their turn: later the archive is closed.
        return [
            File(node.path, node.executable, node.size, list(node.content)) if isinstance(node, File) else node
            for node in nodes
        ]

    return run


def expect(nodes: list[Node], tree: Tree) -> None:
    assert plain(nodes) == plain(list(iter_tree_nodes(tree)))


def test_wheel_scripts_and_data(unpack: Unpack) -> None:
    """In a wheel scripts lie in `bin` and run, data at the top, as an installer puts them; the rest stays (I-11)."""
    nodes = unpack(WHEEL, {"bin": "bin", "share": "share", "tool-1.data": "rest"})
    expect(
        nodes,
        {
            b"bin": {b"tool": Script(b"#!/bin/sh\n")},
            b"rest": {b"purelib": {b"x.py": b""}},
            b"share": {b"man": {b"tool.1": b"manual"}},
        },
    )


def test_zip_names_are_left_alone(unpack: Unpack) -> None:
    """In a plain zip nothing is renamed, and scripts of wheels do not run."""
    nodes = unpack(WHEEL, {"tool-1.data/scripts": "bin"}, format="zip")
    expect(nodes, {b"bin": {b"tool": b"#!/bin/sh\n"}})


def test_strip_place_and_rename(unpack: Unpack) -> None:
    """Only what lies below `strip` counts; files and directories go where they are placed, nothing else (I-17)."""
    nodes = unpack(WHEEL, {"lib": "lib/tool", "LICENSE": "share/doc/license"}, strip="tool")
    expect(
        nodes,
        {
            b"lib": {b"tool": {b"a.so": Script(b"library"), b"deep": {b"b.txt": b"text"}}},
            b"share": {b"doc": {b"license": b"MIT"}},
        },
    )


def test_longest_place_wins(unpack: Unpack) -> None:
    """A file placed by itself goes there even where its directory is placed elsewhere."""
    nodes = unpack(WHEEL, {"lib": "lib", "lib/deep/b.txt": "b"}, strip="tool")
    expect(nodes, {b"b": b"text", b"lib": {b"a.so": Script(b"library")}})


def test_directories_may_be_merged(unpack: Unpack) -> None:
    """Two directories may go to one place where their files do not meet."""
    nodes = unpack([Entry(b"a/x", b"1"), Entry(b"b/y", b"2")], {"a": "lib", "b": "lib"})
    expect(nodes, {b"lib": {b"x": b"1", b"y": b"2"}})


def test_links_and_executables(unpack: Unpack) -> None:
    """Links are made as given, and files that the archive does not mark run where the recipe says so."""
    nodes = unpack(
        [Entry(b"d/tool", b"x", mode=REGULAR), Entry(b"d/other", b"y", mode=REGULAR)],
        {"d": "bin"},
        links={"bin/alias": "tool", "sbin": "bin"},
        executable=["bin/tool"],
    )
    expect(
        nodes,
        {b"bin": {b"alias": Link(b"tool"), b"other": b"y", b"tool": Script(b"x")}, b"sbin": Link(b"bin")},
    )


def test_names_that_differ_in_case_only(unpack: Unpack) -> None:
    """`Tool` and `tool` are two files; a store on a file system that folds case refuses them later (I-16)."""
    expect(
        unpack([Entry(b"bin/Tool", b"1"), Entry(b"bin/tool", b"2")], {"bin": "bin"}),
        {b"bin": {b"Tool": b"1", b"tool": b"2"}},
    )


def test_mode_without_unix(unpack: Unpack) -> None:
    """Archives made without Unix modes have ordinary files."""
    expect(unpack([Entry(b"a", b"x", mode=0)], {"a": "a"}), {b"a": b"x"})


@pytest.mark.parametrize("place", ["lib/absent", "absent", "li", "lib/deep/b.txt/more"])
def test_missing_member(unpack: Unpack, place: str) -> None:
    """What is placed must be there: a recipe that a new release no longer fits fails, and names what is missing."""
    with pytest.raises(BuildError) as caught:
        unpack(WHEEL, {"lib": "lib", place: "x"}, strip="tool")
    assert caught.value.slug == "member-missing"
    assert f"`{place}`" in caught.value.message


@pytest.mark.parametrize(
    ("members", "arguments", "place"),
    [
        ([Entry(b"a/x"), Entry(b"b/x")], {"place": {"a": "lib", "b": "lib"}}, "lib/x"),
        ([Entry(b"t-1.data/scripts/x"), Entry(b"bin/x")], {"place": {"bin": "bin"}}, "bin/x"),
        ([Entry(b"a")], {"place": {"a": "bin"}, "links": {"bin": "x"}}, "bin"),
        ([Entry(b"a"), Entry(b"b")], {"place": {"a": "x", "b": "x/y"}}, "x"),
        ([Entry(b"a")], {"place": {"a": "x"}, "links": {"x/y": "z"}}, "x"),
        ([Entry(b"a")], {"place": {"a": "x/y"}, "links": {"x": "z"}}, "x"),
    ],
)
def test_conflicts(unpack: Unpack, members: list[Entry], arguments: dict[str, Any], place: str) -> None:
    """Two things at one place, or a file that would be a directory, are an error: order decides nothing silently."""
    with pytest.raises(BuildError) as caught:
        unpack(members, **arguments)
    assert caught.value.slug == "tree-conflict"
    assert f"`{place}`" in caught.value.message


@pytest.mark.parametrize("destination", ["", "/etc/passwd", "../x", "a/../x", ".", "a//b", "a/", "a\0b"])
@pytest.mark.parametrize("argument", ["place", "links", "executable", "strip"])
def test_destinations_stay_inside(unpack: Unpack, argument: str, destination: str) -> None:
    """A recipe cannot place anything outside its own tree (I-01)."""
    if (argument, destination) == ("strip", ""):
        return
    cases: dict[str, dict[str, Any]] = {
        "place": {"place": {"a": destination}},
        "links": {"place": {"a": "a"}, "links": {destination: "a"}},
        "executable": {"place": {"a": "a"}, "executable": [destination]},
        "strip": {"place": {"a": "a"}, "strip": destination},
    }
    with pytest.raises(BuildError) as caught:
        unpack([Entry(b"a")], **cases[argument])
    assert caught.value.slug == "destination-invalid"


@pytest.mark.parametrize(
    "arguments",
    [
        {"format": "rar", "place": {}},
        {"place": {}},
        {"format": "wheel"},
        {"format": "wheel", "place": {}, "unknown": 1},
        {"format": "wheel", "place": ["a"]},
        {"format": "wheel", "place": {"a": 1}},
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: dict[str, Any]) -> None:
    """Arguments that the builder does not know are an error that names the package, never ignored."""
    source = tmp_path / "source"
    source.write_bytes(make_zip([]))
    with pytest.raises(BuildError) as caught:
        list(BUILDERS["unpack/1"](BuilderRequest("tool-1", arguments, (source,), (), tmp_path / "out")))
    assert caught.value.slug == "arguments-invalid"
    assert "`tool-1`" in caught.value.message


@pytest.mark.parametrize("count", [0, 2])
def test_one_source(tmp_path: Path, count: int) -> None:
    """There is exactly one archive to unpack."""
    request = BuilderRequest(
        "tool-1", {"format": "zip", "place": {}}, (tmp_path / "source",) * count, (), tmp_path / "out"
    )
    with pytest.raises(BuildError) as caught:
        list(BUILDERS["unpack/1"](request))
    assert caught.value.slug == "arguments-invalid"


def test_licences_of_a_wheel_are_kept(unpack: Unpack) -> None:
    """The licence files of a wheel's metadata are kept whatever a recipe places, wherever the wheel has them."""
    members = [
        Entry(b"tool-1.data/scripts/tool", b"#!/bin/sh\n"),
        Entry(b"tool-1.dist-info/METADATA", b""),
        Entry(b"tool-1.dist-info/LICENSE.txt", b"old place"),
        Entry(b"tool-1.dist-info/license_files/COPYING", b"for a while"),
        Entry(b"tool-1.dist-info/licenses/LICENSE.txt", b"the same at its new place"),
        Entry(b"tool-1.dist-info/licenses/lib/NOTICE", b"new place"),
    ]
    expect(
        unpack(members, {"bin/tool": "bin/tool"}),
        {
            b"bin": {b"tool": Script(b"#!/bin/sh\n")},
            b"share": {
                b"licenses": {
                    b"tool": {
                        b"COPYING": b"for a while",
                        b"LICENSE.txt": b"old place",
                        b"lib": {b"NOTICE": b"new place"},
                    }
                }
            },
        },
    )
