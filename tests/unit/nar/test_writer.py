"""The NAR writer: Nix's own vectors, the grammar on random trees, and what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pytest
from hypothesis import given

from devenv.digest import nix32_encode
from devenv.nar.nodes import MAX_DEPTH, MAX_FILE_BYTES, Directory, File, Node, Symlink
from devenv.nar.writer import NarWriter
from tests.trees import HELLO, HELLO_NAR, SMALL, SMALL_NAR, Tree, iter_tree_nodes, nar_of, trees


def write(nodes: Iterable[Node]) -> bytes:
    pieces: list[bytes] = []
    archive = NarWriter(pieces.append)
    for node in nodes:
        archive.add(node)
    size = archive.finish()
    content = b"".join(pieces)
    assert size == len(content) == archive.offset
    return content


def empty(*path: bytes) -> File:
    return File(path, executable=False, size=0, content=[])


ROOT = Directory(())


@pytest.mark.parametrize(("tree", "size", "sha256"), [(HELLO, 120, HELLO_NAR), (SMALL, 880, SMALL_NAR)])
def test_vectors_of_nix(tree: Tree, size: int, sha256: str) -> None:
    """Archives are byte for byte those that Nix writes, so that Nix can check what a cache of ours publishes."""
    content = write(iter_tree_nodes(tree))
    assert len(content) == size
    assert nix32_encode(hashlib.sha256(content).digest()) == sha256


@given(trees())
def test_follows_the_grammar(tree: Tree) -> None:
    """Whatever the tree and however its contents are cut into pieces, the archive is the one of the grammar."""
    expected = nar_of(tree)
    assert write(iter_tree_nodes(tree)) == expected
    assert write(iter_tree_nodes(tree, piece_size=1)) == expected


def test_content_can_be_watched() -> None:
    """Who writes files beside the archive hands over the pieces himself, and the archive is the same."""
    pieces: list[bytes] = []
    archive = NarWriter(pieces.append)
    archive.begin(File((), executable=False, size=6, content=[]))
    start = archive.offset
    archive.write(HELLO[:2])
    archive.write(HELLO[2:])
    archive.end_file()
    archive.finish()
    assert b"".join(pieces) == nar_of(HELLO)
    assert nar_of(HELLO)[start : start + 6] == HELLO


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([], "has a root"),
        ([ROOT, ROOT], "one root"),
        ([empty(), empty()], "one root"),
        ([empty(b"a")], "no parent"),
        ([empty(), empty(b"a")], "no parent"),
        ([ROOT, empty(b"a", b"b")], "no parent"),
        ([ROOT, empty(b"a"), empty(b"a", b"b")], "no parent"),
        ([ROOT, empty(b"b"), empty(b"a")], "out of order"),
        ([ROOT, empty(b"a"), empty(b"a")], "out of order"),
        ([ROOT, Directory((b"a",)), Directory((b"a",))], "out of order"),
        ([ROOT, Symlink((b"d",), b"/victim"), Directory((b"d",))], "out of order"),
        ([ROOT, Directory((b"a",)), empty(b"a", b"x"), empty(b"b"), empty(b"a", b"y")], "no parent"),
        ([ROOT, empty(b"")], "cannot name"),
        ([ROOT, empty(b".")], "cannot name"),
        ([ROOT, empty(b"..")], "cannot name"),
        ([ROOT, empty(b"a/b")], "cannot name"),
        ([ROOT, empty(b"/etc")], "cannot name"),
        ([ROOT, empty(b"a\0")], "cannot name"),
        ([ROOT, empty(b"n" * 256)], "cannot name"),
        ([Symlink((), b"")], "target"),
        ([Symlink((), b"a\0b")], "target"),
        ([Symlink((), b"t" * 4096)], "target"),
        ([File((), executable=False, size=-1, content=[])], "bytes long"),
        ([File((), executable=False, size=MAX_FILE_BYTES + 1, content=[])], "bytes long"),
        ([File((), executable=False, size=3, content=[b"ab"])], "shorter"),
        ([File((), executable=False, size=3, content=[b"ab", b"cd"])], "longer"),
        ([Directory(tuple(b"d" for _ in range(depth))) for depth in range(MAX_DEPTH + 1)], "deeper"),
    ],
)
def test_refuses_what_is_not_canonical(nodes: list[Node], reason: str) -> None:
    """The writer lets nothing through that a strict reader refuses (F-04, F-05, F-06, F-09)."""
    with pytest.raises(ValueError, match=reason):
        write(nodes)


def test_limits_are_reached() -> None:
    """Names, targets and depth as large as the format allows are written."""
    deepest = [Directory(tuple(b"d" for _ in range(depth))) for depth in range(MAX_DEPTH)]
    assert write(deepest).count(b"directory") == MAX_DEPTH
    assert write([ROOT, empty(b"n" * 255), Symlink((b"o",), b"t" * 4095)])


def test_refused_node_is_not_begun() -> None:
    """A node is checked before anything of it is emitted: who creates files after `begin` creates only checked ones."""
    pieces: list[bytes] = []
    archive = NarWriter(pieces.append)
    archive.begin(ROOT)
    before = len(pieces)
    with pytest.raises(ValueError, match="cannot name"):
        archive.begin(empty(b".."))
    assert len(pieces) == before


@pytest.mark.parametrize("step", ["begin", "finish"])
def test_file_must_end(step: str) -> None:
    """An archive with a file that was begun and not completed is never taken for a whole one."""
    archive = NarWriter(lambda _: None)
    archive.begin(ROOT)
    archive.begin(File((b"a",), executable=False, size=1, content=[]))
    with pytest.raises(ValueError, match="not ended"):
        archive.begin(empty(b"b")) if step == "begin" else archive.finish()


def test_content_needs_a_file() -> None:
    """Content outside a file is a mistake of the caller that cannot pass unnoticed."""
    archive = NarWriter(lambda _: None)
    archive.begin(ROOT)
    with pytest.raises(ValueError, match="no file"):
        archive.write(b"x")
    with pytest.raises(ValueError, match="no file"):
        archive.end_file()
