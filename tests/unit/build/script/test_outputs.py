"""Outputs in order, and the names that are put where scratch names stood (N-02)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.build.script.outputs import order_outputs, renamed
from devenv.errors import BuildError
from devenv.nar.nodes import File, Node, Symlink
from tests.trees import Link, Tree, iter_tree_nodes

OLD = {"a": "0" * 31 + "a", "b": "1" * 31 + "b", "c": "0" * 32}
NEW = {"a": "x" * 32, "b": "y" * 32, "c": "z" * 32}


def order(trees: dict[str, Tree], piece_size: int = 1 << 16) -> list[str]:
    """In which order outputs with these contents become objects."""
    return order_outputs(
        "thing", {name: OLD[name] for name in trees}, lambda name: iter_tree_nodes(trees[name], piece_size=piece_size)
    )


def naming(*names: str) -> bytes:
    """A content that names outputs."""
    return b" ".join(OLD[name].encode() for name in names)


@pytest.mark.parametrize("size", [1, 7, 31, 32, 33, 1000])
def test_what_is_named_comes_first(size: int) -> None:
    """An output comes after those that it names, in whatever pieces its content is read."""
    assert order({"a": naming("b"), "b": naming("c"), "c": b""}, size) == ["c", "b", "a"]
    assert order({"a": b"", "b": naming("a"), "c": naming("b", "a")}, size) == ["a", "b", "c"]


def test_names_in_links_and_file_names() -> None:
    """Targets of links and names of files count as well (N-09)."""
    assert order({"a": {b"l": Link(b"/s/" + naming("b"))}, "b": b""}) == ["b", "a"]
    assert order({"a": {naming("b"): b""}, "b": b""}) == ["b", "a"]


def test_own_name() -> None:
    """An output that names itself is no circle."""
    assert sorted(order({"a": naming("a"), "b": naming("b")})) == ["a", "b"]


def test_single_output_is_not_read() -> None:
    """Where there is one output nothing has to be put in order."""

    def never(_: str) -> list[Node]:
        raise AssertionError

    assert order_outputs("thing", {"a": OLD["a"]}, never) == ["a"]


@pytest.mark.parametrize(
    "trees",
    [
        {"a": naming("b"), "b": naming("a")},
        {"a": naming("b"), "b": naming("c"), "c": naming("a")},
        {"a": naming("b"), "b": {b"l": Link(naming("a"))}, "c": naming("a")},
    ],
)
def test_circles(trees: dict[str, Tree]) -> None:
    """Outputs in a circle are an error that names them, and no other (N-02)."""
    with pytest.raises(BuildError) as caught:
        order(trees)
    assert caught.value.slug == "outputs-cyclic"
    assert "`a`" in caught.value.message
    assert "`b`" in caught.value.message
    assert ("`c`" in caught.value.message) == (trees.get("c") == naming("a") and trees["b"] == naming("c"))


WORDS = st.sampled_from(
    [OLD["a"], OLD["b"], OLD["a"][:-1], OLD["a"][1:], OLD["b"][:20], NEW["a"], "0", "1", "a", " ", "\n"]
)


def rename_pieces(pieces: list[bytes]) -> bytes:
    """A content in these pieces, after its names were changed."""
    size = sum(map(len, pieces))
    table = {OLD[name]: NEW[name] for name in "ab"}
    (node,) = renamed([File((), executable=True, size=size, content=pieces)], table)
    assert isinstance(node, File)
    assert (node.size, node.executable) == (size, True)
    content = b"".join(node.content)
    assert len(content) == size
    return content


@given(st.lists(WORDS, max_size=20), st.lists(st.integers(0, 700), max_size=30))
def test_renaming_does_not_depend_on_pieces(words: list[str], cuts: list[int]) -> None:
    """Contents in any pieces come out as if they had come in one (F-14)."""
    text = "".join(words).encode()
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    assert rename_pieces(pieces) == rename_pieces([text])


@pytest.mark.parametrize("size", range(1, 41))
@pytest.mark.parametrize("offset", [0, 1, 30, 31, 32, 63])
def test_renaming_at_boundaries(size: int, offset: int) -> None:
    """A name that stands across pieces of any size is changed (F-14)."""
    text = b"." * offset + OLD["a"].encode() + b"/file" + OLD["b"].encode()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert rename_pieces(pieces) == b"." * offset + NEW["a"].encode() + b"/file" + NEW["b"].encode()


def test_renaming_of_links() -> None:
    """Targets change as contents do; without names everything passes as it is."""
    link = Symlink((b"l",), b"/s/" + OLD["a"].encode() + b"-x")
    assert list(renamed([link], {OLD["a"]: NEW["a"]})) == [Symlink((b"l",), b"/s/" + NEW["a"].encode() + b"-x")]
    assert list(renamed([link], {})) == [link]
