"""Where a path of the tree leads is what the kernel would say of the tree on a disk."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.build.bundle.paths import clean
from devenv.build.bundle.tree import MAX_STEPS, Link, Made, Tree
from tests import trees
from tests.trees import write_files

NAMES = st.sampled_from([b"a", b"b", b"c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(b"/".join)
TARGETS = st.lists(st.sampled_from([b"a", b"b", b"c", b"..", b"."]), min_size=1, max_size=4).map(b"/".join)


@given(st.dictionaries(PATHS, TARGETS | st.none(), max_size=6), PATHS | TARGETS)
def test_resolve(entries: dict[bytes, bytes | None], path: bytes) -> None:
    """Files, directories, chains and circles of links, `..` behind a link: as on a disk, but never outside."""
    tree = Tree.of({}, {})
    with tempfile.TemporaryDirectory() as directory:
        # No name of the entries stands in its path: what leaves the tree cannot come back.
        top = Path(directory).resolve() / "root"
        top.mkdir()
        for place, target in entries.items():
            if any(other.startswith(place + b"/") for other in entries):
                continue
            tree.put(place, Made("", False, b"") if target is None else Link("", target))
            (top / place.decode()).parent.mkdir(parents=True, exist_ok=True)
            write_files(b"" if target is None else trees.Link(target), top / place.decode())
        found = Path(posixpath.join(top, path.decode()))
        real = tree.resolve(path)
        expected = found.resolve() if found.exists() else None
        if expected is not None and not expected.is_relative_to(top):
            expected = None
        assert (None if real is None else top / real.decode()) == expected


def test_clean() -> None:
    """A path has one spelling, in the layout of the tree."""
    assert clean(b"/lib//x/./../y/") == b"usr/lib/y"
    assert clean(b"//usr/../bin/x") == b"usr/bin/x"
    assert clean(b"/../library/x") == b"library/x"


def test_circle_is_nothing() -> None:
    """Links in a circle, and more of them than a system follows, lead nowhere."""
    links = {b"%d" % number: Link("", b"%d" % (number + 1)) for number in range(50)}
    tree = Tree.of({b"50": Made("", False, b"")}, {**links, b"a": Link("", b"b"), b"b": Link("", b"a")})
    assert tree.resolve(b"a") is None
    assert tree.resolve(b"0") is None
    assert tree.resolve(b"20") == b"50"


def make_tree(entries: dict[bytes, bytes | None]) -> Tree:
    """The links (path → target) and files (None), without what would lie below one of them."""
    tree = Tree.of({}, {})
    for place, target in entries.items():
        if not any(other.startswith(place + b"/") for other in entries):
            tree.put(place, Made("", False, b"") if target is None else Link("", target))
    return tree


@given(st.dictionaries(PATHS, TARGETS | st.none(), max_size=8))
def test_drop_dangling(entries: dict[bytes, bytes | None]) -> None:
    """What is left is what is left when dangling links go one after the other until there are none."""
    tree, expected = make_tree(entries), make_tree(entries)
    while dangling := [path for path in expected.links if expected.resolve(path) is None]:
        links = {path: link for path, link in expected.links.items() if path not in dangling}
        expected = Tree.of(expected.files, links)
    tree.drop_dangling()
    assert (tree.files, tree.links, tree.directories) == (expected.files, expected.links, expected.directories)


def test_chain_of_dangling_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each link is looked at a few times, however many go because of one another."""
    count = 500
    links = {b"d/%d/l" % number: Link("", b"../%d" % (number - 1)) for number in range(count)}
    tree = Tree.of({b"x": Made("", False, b"")}, links)
    calls = 0
    walk = Tree._walk

    def counted(self: Tree, path: bytes, passed: list[bytes]) -> bytes | None:
        nonlocal calls
        calls += 1
        return walk(self, path, passed)

    monkeypatch.setattr(Tree, "_walk", counted)
    tree.drop_dangling()
    assert (tree.links, tree.directories) == ({}, {b""})
    assert calls <= 4 * count


def test_steps_are_bounded() -> None:
    """A link of thousands of names is nothing that a package needs, and forty of them would take their time."""
    tree = Tree.of({b"a/x": Made("", False, b"")}, {b"l": Link("", b"a/../" * 100 + b"a/x")})
    assert tree.resolve(b"l") == b"a/x"
    tree.put(b"l", Link("", b"a/../" * MAX_STEPS + b"a/x"))
    assert tree.resolve(b"l") is None
