"""What differs between two trees that should be the same: entries, offsets, and what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.build import compare
from devenv.build.compare import TreeDifference, iter_tree_differences
from tests.trees import Link, Script, Tree, write_files

FIRST, SECOND = "0" * 31 + "1", "0" * 31 + "2"


def differences(tmp_path: Path, first: Tree, second: Tree) -> list[TreeDifference]:
    """What differs between two trees, of which the second calls itself `SECOND` where the first says `FIRST`."""
    one, two = write_files(first, tmp_path / "one"), write_files(second, tmp_path / "two")
    return list(iter_tree_differences(one, two, {SECOND: FIRST}))


def test_same(tmp_path: Path) -> None:
    """Two trees that are the same have no differences."""
    tree: Tree = {b"a": b"x" * 100, b"d": {b"l": Link(b"../a"), b"s": Script(b"")}}
    assert differences(tmp_path, tree, tree) == []


def test_entries(tmp_path: Path) -> None:
    """What is in one only, is of another kind, leads elsewhere or has another mode is told by its path, in order."""
    first: Tree = {b"a": {b"gone": b""}, b"kind": b"", b"link": Link(b"x"), b"mode": b"x"}
    second: Tree = {b"a": {}, b"b": b"", b"kind": Link(b"x"), b"link": Link(b"y"), b"mode": Script(b"x")}
    assert differences(tmp_path, first, second) == [
        TreeDifference("a/gone", "is only in the first"),
        TreeDifference("b", "is only in the second"),
        TreeDifference("kind", "is a file, then a link"),
        TreeDifference("link", "leads elsewhere", first="x", second="y"),
        TreeDifference("mode", "can be run in one of them only"),
    ]


def test_object_that_is_a_file(tmp_path: Path) -> None:
    """An object need be no directory."""
    (difference,) = differences(tmp_path, b"one", b"two")
    assert (difference.path, difference.offset, difference.count) == (".", 0, 3)


def test_text(tmp_path: Path) -> None:
    """Of a text that differs the offset is told, how many bytes differ, and the text around the first in both."""
    front = b"\0" * 100
    assert differences(tmp_path, {b"f": front + b"built on monday"}, {b"f": front + b"built on sunday"}) == [
        TreeDifference("f", "has another content", 109, 2, "built on monday", "built on sunday")
    ]


def test_binary(tmp_path: Path) -> None:
    """Where no text is, the bytes are shown; a long text beside them is not taken for what differs."""
    text = b"this text is the same\0"
    (difference,) = differences(tmp_path, {b"f": text + b"\x01\x02"}, {b"f": text + b"\x01\x03"})
    assert (difference.offset, difference.count) == (23, 1)
    assert (difference.first, difference.second) == ("02", "03")


def test_length(tmp_path: Path) -> None:
    """Of a file that goes on in the other the rest differs, all of it."""
    (difference,) = differences(tmp_path, {b"f": b"same"}, {b"f": b"same and more"})
    assert difference.what == "has another content (4 and 13 bytes)"
    assert (difference.offset, difference.count) == (4, 9)
    assert (difference.first, difference.second) == ("(the file has ended)", "same and more")


def test_empty_file(tmp_path: Path) -> None:
    """Nothing and something differ at the first byte."""
    (difference,) = differences(tmp_path, {b"f": b""}, {b"f": b"x"})
    assert (difference.offset, difference.count) == (0, 1)


@pytest.mark.parametrize("size", [1, 7, 32, 1 << 20])
def test_pieces(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets and counts do not depend on how files are read."""
    monkeypatch.setattr(compare, "PIECE_BYTES", size)
    first, second = b"a" * 200, bytearray(b"a" * 210)
    for place in (50, 51, 199):
        second[place] = ord("b")
    own = FIRST.encode() + b"/" + first, SECOND.encode() + b"/" + bytes(second)
    (difference,) = differences(tmp_path, {b"f": own[0]}, {b"f": own[1]})
    assert (difference.offset, difference.count) == (83, 13)


@pytest.mark.parametrize("size", [16, 31, 33, 1 << 20])
def test_own_names_are_alike(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """That an output mentions itself is no difference: what differs anywhere has another name everywhere."""
    monkeypatch.setattr(compare, "PIECE_BYTES", size)

    def tree(own: str, date: bytes) -> Tree:
        path = f"/store/____/{own}-app".encode()
        return {b"date": date, b"l": Link(path + b"/lib"), b"s": b"#!" + path + b"/bin/sh\n" + b"x" * 40 + path}

    (difference,) = differences(tmp_path, tree(FIRST, b"1"), tree(SECOND, b"2"))
    assert difference.path == "date"


@pytest.mark.parametrize(
    ("text", "embedded"),
    [
        (b"/build/source/x.c:", "the build directory"),
        (b"/home/x/store/_______/0123456789abcdfghijklmnpqrsvwxyz-zlib/lib", "a path of the store"),
        (b"made on 2026-11-28", "a date"),
        (b"made on Nov 28 2026", "a date"),
        (b"at 12:30:59", "a time"),
        (b"/tmp/tmp.x3", "a temporary file"),
    ],
)
def test_usual_suspects(tmp_path: Path, text: bytes, embedded: str) -> None:
    """What is known to make builds differ is told where it stands near the difference."""
    (difference,) = differences(tmp_path, {b"f": text + b" 1"}, {b"f": text + b" 2"})
    assert embedded in difference.embedded


def test_what_is_far_is_no_suspect(tmp_path: Path) -> None:
    """What stands elsewhere in the file has nothing to do with the difference."""
    front = b"/build/x made on 2026-11-28" + b"x" * 500
    (difference,) = differences(tmp_path, {b"f": front + b"1"}, {b"f": front + b"2"})
    assert difference.embedded == ()
