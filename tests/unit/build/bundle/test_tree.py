"""Where a path of the tree leads is what the kernel would say of the tree on a disk."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devenv.build.bundle.paths import clean
from devenv.build.bundle.tree import Link, Made, Tree
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
