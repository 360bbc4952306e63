"""Files in any order become a stream of nodes in the archive's order; `text/1` and `fetch/1`, which do little more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.build.assemble import Entry, NewFile, NewLink, iter_nodes, parse_destination
from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.errors import BuildError
from devenv.nar.nodes import Directory, File, NodePath, Symlink
from devenv.nar.writer import NarWriter
from tests.trees import Script, Tree, iter_tree_nodes, names

OUT = Path("out")


def new_file(content: bytes = b"", *, executable: bool = False) -> NewFile:
    return NewFile(executable, len(content), lambda: [content])


@given(st.lists(st.lists(names(), min_size=1, max_size=4).map(tuple), max_size=20, unique=True))
def test_order_is_that_of_archives(paths: list[NodePath]) -> None:
    """Whatever files there are, the writer takes the nodes: parents first, names in the order of their bytes."""
    entries: dict[NodePath, Entry] = {
        path: new_file() for path in paths if not any(path[:depth] in paths for depth in range(1, len(path)))
    }
    archive = NarWriter(lambda _: None)
    nodes = list(iter_nodes(entries))
    for node in nodes:
        archive.add(node)
    archive.finish()
    assert {node.path for node in nodes if isinstance(node, File)} == set(entries)


@given(st.lists(names(), min_size=1, max_size=3).map(tuple), names())
def test_no_file_is_a_directory(path: NodePath, name: bytes) -> None:
    """A file below a file is an error that names it, not a broken tree."""
    for above in (new_file(), NewLink(b"x")):
        with pytest.raises(BuildError) as caught:
            list(iter_nodes({path: above, (*path, name): new_file()}))
        assert caught.value.slug == "tree-conflict"


def test_contents_are_read_at_their_turn() -> None:
    """A file is opened when the stream comes to it, not before: an archive has thousands."""
    opened: list[str] = []

    def reader(name: str) -> NewFile:
        def read() -> list[bytes]:
            opened.append(name)
            return []

        return NewFile(executable=False, size=0, read=read)

    stream = iter_nodes({(b"b",): reader("b"), (b"a",): reader("a")})
    next(stream)
    assert opened == []
    next(stream)
    assert opened == ["a"]


def test_destinations() -> None:
    """A destination is relative names; bytes that are no UTF-8 come through as Python carries them."""
    assert parse_destination("bin/ü") == (b"bin", "ü".encode())
    assert parse_destination("\udcff") == (b"\xff",)


def by_value(builder: str, request: BuilderRequest) -> list[object]:
    return [
        (node.path, node.executable, node.size, b"".join(node.content)) if isinstance(node, File) else node
        for node in BUILDERS[builder](request)
    ]


def expected(tree: Tree) -> list[object]:
    return [
        (node.path, node.executable, node.size, b"".join(node.content)) if isinstance(node, File) else node
        for node in iter_tree_nodes(tree)
    ]


def test_text() -> None:
    """`text/1` writes UTF-8, byte for byte, executable where asked."""
    files = {"etc/x": {"text": "a\r\n\0ü"}, "bin/run": {"text": "#!/bin/sh\n", "executable": True}}
    nodes = by_value("text/1", BuilderRequest("texts", {"files": files}, (), (), OUT))
    assert nodes == expected({b"bin": {b"run": Script(b"#!/bin/sh\n")}, b"etc": {b"x": "a\r\n\0ü".encode()}})


@pytest.mark.parametrize("destination", ["", "../x", "/x", "a/./b"])
def test_text_stays_inside(destination: str) -> None:
    """A text cannot be written outside its tree (I-01)."""
    with pytest.raises(BuildError) as caught:
        by_value("text/1", BuilderRequest("texts", {"files": {destination: {"text": ""}}}, (), (), OUT))
    assert caught.value.slug == "destination-invalid"


@pytest.mark.parametrize("executable", [True, False])
def test_fetch(tmp_path: Path, executable: bool) -> None:
    """`fetch/1` is the artifact itself under a name."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)
    request = BuilderRequest("tool", {"name": "bin/tool", "executable": executable}, (source,), (), tmp_path / "out")
    content = source.read_bytes()
    assert by_value("fetch/1", request) == expected({b"bin": {b"tool": Script(content) if executable else content}})


@pytest.mark.parametrize(
    ("builder", "arguments"),
    [
        ("text/1", {}),
        ("text/1", {"files": {"a": "text"}}),
        ("text/1", {"files": {"a": {"text": 1}}}),
        ("text/1", {"files": {"a": {"text": "", "mode": 1}}}),
        ("fetch/1", {}),
        ("fetch/1", {"name": 1}),
        ("fetch/1", {"name": "a", "mode": 1}),
    ],
)
def test_wrong_arguments(builder: str, arguments: dict[str, object]) -> None:
    """Arguments that a builder does not know are an error, never ignored."""
    with pytest.raises(BuildError) as caught:
        list(BUILDERS[builder](BuilderRequest("x", arguments, (), (), OUT)))
    assert caught.value.slug == "arguments-invalid"


def test_builders_are_versioned() -> None:
    """A builder's version is part of every key: all have one."""
    assert all(name.rpartition("/")[2].isdecimal() for name in BUILDERS)


def test_links() -> None:
    """A link is stored as it is."""
    assert list(iter_nodes({(b"l",): NewLink(b"../x")}))[1] == Symlink((b"l",), b"../x")


@given(st.lists(st.lists(names(), min_size=1, max_size=4).map(tuple), max_size=8, unique=True))
def test_any_entries(paths: list[NodePath]) -> None:
    """Each directory comes once, before what it holds; an entry that would be one is an error, wherever it stands."""
    entries = {path: NewLink(b"x") for path in paths}
    above = {path[:depth] for path in paths for depth in range(len(path))}
    if above & set(paths):
        with pytest.raises(BuildError):
            list(iter_nodes(entries))
    else:
        nodes = list(iter_nodes(entries))
        assert [node.path for node in nodes] == sorted(above | set(paths) | {()})
        assert {node.path for node in nodes if isinstance(node, Directory)} == above | {()}
