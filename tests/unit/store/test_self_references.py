"""Objects that name themselves: in many files, across blocks, and without remembering all of them."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator

import pytest

from devenv.nar.nodes import Directory, File, Node
from devenv.store import address, self_references
from devenv.store.adding import Output
from devenv.store.check import is_intact
from devenv.store.self_references import FileSpan, FileSpans
from devenv.store.store import Store
from tests.objects import SCRATCH, output
from tests.trees import Tree


def span(start: int, size: int) -> FileSpan:
    return FileSpan(start, size, (b"%d" % start,))


def test_places_are_relative_to_files() -> None:
    """Offsets in the archive become offsets in files; what lies between files, in targets of links, is in none."""
    spans = FileSpans(array("Q", [100, 150, 300, 599]))
    for each in (span(100, 51), span(200, 50), span(300, 1), span(500, 99)):
        spans.add(each, 1000)
    assert list(spans.iter_places()) == [((b"100",), [0, 50]), ((b"300",), [0])]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many files only those are remembered that may hold a place, as soon as that is known (B-12)."""
    monkeypatch.setattr(self_references, "REMEMBERED_FILES", 50)
    offsets = array("Q")
    spans = FileSpans(offsets)
    most = 0
    for number in range(20_000):
        if number % 1000 == 0:
            offsets.append(number * 10 + 3)
        # The scan is up to 30 files behind.
        spans.add(span(number * 10, 10), max(number - 30, 0) * 10)
        most = max(most, len(spans._recent))
    assert most < 100
    assert [path for path, _ in spans.iter_places()] == [(b"%d" % (number * 10_000),) for number in range(20)]
    assert all(places == [3] for _, places in spans.iter_places())


@pytest.mark.parametrize("block", [256, 4096, address.BLOCK_BYTES])
def test_many_files(store: Store, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Of hundreds of files those that name the object get its final name, wherever blocks begin and end (F-14)."""
    monkeypatch.setattr(address, "BLOCK_BYTES", block)
    monkeypatch.setattr(self_references, "REMEMBERED_FILES", 16)
    own = SCRATCH.encode()
    tree: Tree = {
        b"d%d" % directory: {
            b"f%d" % file: (b"x" * file + own + own if (directory + file) % 7 == 0 else b"y" * 50) for file in range(20)
        }
        for directory in range(10)
    }
    path = store.add(output(tree))
    assert is_intact(store.root, path)
    for directory in range(10):
        for file in range(0, 20, 7):
            content = (store.path(path) / f"d{directory}" / f"f{file}").read_bytes()
            assert content.count(path.digest.encode()) == (2 if (directory + file) % 7 == 0 else 0)
            assert own not in content


def test_file_larger_than_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file that comes in pieces gets its names at its beginning, across pieces and at its end."""
    monkeypatch.setattr(address, "BLOCK_BYTES", 1 << 16)
    own = SCRATCH.encode()
    pieces = [own + b"a" * 100_000, b"b" * 65_520 + own[:16], own[16:] + b"c" * (2 << 20), own]

    def nodes() -> Iterator[Node]:
        yield Directory(())
        yield File((b"large",), executable=True, size=sum(map(len, pieces)), content=pieces)

    path = store.add(Output(nodes(), "large", SCRATCH))
    assert is_intact(store.root, path)
    place = store.path(path) / "large"
    assert place.read_bytes() == b"".join(pieces).replace(own, path.digest.encode())
    assert place.lstat().st_mode & 0o777 == 0o555
    assert os.listdir(store.path(path)) == ["large"]
