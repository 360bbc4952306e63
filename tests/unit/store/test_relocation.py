"""Objects taken from under another root: replaced bytes, verified at both ends."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.errors import StoreError, UsageError
from devenv.events import ignore
from devenv.nar.nodes import Directory, File, Node, Symlink
from devenv.settings import default_settings
from devenv.store.check import is_intact
from devenv.store.relocation import relocate, rewrite_root
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.homes import temporary_home
from tests.objects import add_naming, damage, lose, output
from tests.trees import SMALL, Link, Script

OLD = b"/home/somebody/.local/share/devenv/store/".ljust(80, b"_")
NEW = b"/srv/x/store/".ljust(80, b"_")
STREAM = b"#!" + OLD + b"/x" + OLD + OLD[:79] + b"/" + OLD + b"_" * 50 + OLD[1:] + OLD
REWRITTEN = STREAM.replace(OLD, NEW)


def rewrite(pieces: list[bytes]) -> bytes:
    (node,) = rewrite_root([File((), executable=False, size=sum(map(len, pieces)), content=pieces)], OLD, NEW)
    assert isinstance(node, File)
    return b"".join(node.content)


def test_any_chunks() -> None:
    """However a file is cut into pieces, each root in it is replaced, and nothing else changes (F-14)."""
    for size in range(1, len(STREAM) + 1):
        assert rewrite([STREAM[start : start + size] for start in range(0, len(STREAM), size)]) == REWRITTEN


@given(
    st.lists(st.sampled_from([OLD, OLD[:79], OLD[1:], NEW, b"_" * 7, b"/", b"\0"]), max_size=8),
    st.lists(st.integers(0, 700), max_size=6),
)
def test_any_stream_in_any_pieces(parts: list[bytes], cuts: list[int]) -> None:
    """As before, for streams and cuts that nobody thought of, empty pieces among them."""
    stream = b"".join(parts)
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert rewrite([stream[start:end] for start, end in itertools.pairwise(bounds)]) == stream.replace(OLD, NEW)


def test_kinds_of_nodes() -> None:
    """Targets of links are rewritten like contents; names, bits and sizes stay."""
    nodes: list[Node] = [
        Directory(()),
        File((b"x",), executable=True, size=80, content=[OLD]),
        Symlink((b"y",), OLD + b"/z"),
    ]
    directory, file, link = rewrite_root(nodes, OLD, NEW)
    assert isinstance(file, File)
    assert (directory, link) == (nodes[0], Symlink((b"y",), NEW + b"/z"))
    assert (file.path, file.executable, file.size, b"".join(file.content)) == ((b"x",), True, 80, NEW)


@pytest.fixture
def source() -> Iterator[Store]:
    """A store under another root."""
    with temporary_home() as home:
        longer = home / "somewhat" / "longer"
        longer.mkdir(parents=True)
        with Store(default_settings(longer)) as source:
            yield source


def test_closure(store: Store, source: Store) -> None:
    """An object comes with all it refers to, under the same names, and means the same here (invariant 3)."""
    below = add_naming(source, "below")
    above = add_naming(source, "above", below, content=b"x" * 3_000_000)
    alone = add_naming(source, "alone")
    assert relocate(store, [source.path(above)], ignore) == [above]
    assert store.database.closure(above) == sorted([below, above])
    assert not store.is_present(alone)
    assert all(is_intact(store.root, path) for path in (below, above))
    lines = (store.path(above) / "uses").read_bytes().split(b"\n")
    assert lines == [os.fsencode(store.path(above)), os.fsencode(store.path(below))]
    assert relocate(store, [source.path(above), source.path(alone)], ignore) == [above, alone]


def test_shapes(store: Store, source: Store) -> None:
    """A single file, a script and a link that is an object are taken as they are."""
    own = os.fsencode(source.root) + b"/0123456789abcdfghijklmnpqrsvwxyz"
    for tree in (b"file", Script(b"#!" + own), Link(own + b"-thing/x"), SMALL):
        path = source.add(output(tree))
        assert relocate(store, [source.path(path)], ignore) == [path]
        assert is_intact(store.root, path)


def test_one_content_under_two_names(store: Store, source: Store) -> None:
    """Who refers to a digest that two objects have gets both: which of the names he uses cannot be seen."""
    one, two = (source.add(output(SMALL, name)) for name in ("one", "two"))
    for each in (one, two):
        above = add_naming(source, f"above-{each.name}", each)
        relocate(store, [source.path(above)], ignore)
        assert store.is_complete(above)
        assert (store.root / (store.path(above) / "uses").read_bytes().split(b"\n")[1].decode()).exists()


@pytest.mark.parametrize("what", ["target", "below"])
@pytest.mark.parametrize("way", ["changed", "gone"])
def test_damaged_source(store: Store, source: Store, what: str, way: str) -> None:
    """What is not whole there does not come here, and nothing of its closure either (B-14)."""
    below = add_naming(source, "below")
    above = add_naming(source, "above", below)
    broken = above if what == "target" else below
    if way == "changed":
        damage(source.path(broken) / "content")
    else:
        lose(source, broken)
    with pytest.raises((StoreError, UsageError)) as caught:
        relocate(store, [source.path(above)], ignore)
    expected = {("target", "gone"): "not-an-object", ("below", "gone"): "references-mismatch"}
    assert caught.value.slug == expected.get((what, way), "object-mismatch")
    assert os.listdir(store.root) == []


def test_places_that_are_no_objects(store: Store, source: Store) -> None:
    """What is no object of a store is said to be none, with how to name one."""
    path = source.add(output(SMALL))
    short = source.root.parent / str(path)
    os.symlink(source.path(path), short)
    for place in (Path("/etc"), source.root, source.path(path) / "a", source.root / ("0" * 32 + "-x"), short):
        with pytest.raises(UsageError) as caught:
            relocate(store, [place], ignore)
        assert caught.value.slug == "not-an-object"
        assert caught.value.hint


def test_within_one_store(store: Store) -> None:
    """An object of this very store is there already."""
    path = add_naming(store, "thing")
    inode = store.path(path).lstat().st_ino
    assert relocate(store, [store.path(path)], ignore) == [path]
    assert store.path(path).lstat().st_ino == inode


def test_names_do_not_lie(store: Store, source: Store) -> None:
    """Content under another's name, put there by hand, is refused."""
    fake = StorePath("0" * 32, "fake")
    (source.path(fake)).write_bytes(b"anything")
    with pytest.raises(StoreError) as caught:
        relocate(store, [source.path(fake)], ignore)
    assert caught.value.slug == "object-mismatch"
