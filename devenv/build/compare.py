"""What differs between two objects that should be the same: files, offsets, and what stands there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink
from devenv.store.tree import iter_tree

CONTEXT = 48
"""Bytes before and behind the first difference of a file that are looked at for a text."""
TEXT = re.compile(rb"[\x20-\x7e]{4,}")
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TreeDifference:
    """One entry that differs. `offset` is that of the first byte that does, `count` how many do."""

    path: str
    what: str
    offset: int | None = None
    count: int | None = None
    first: str | None = None
    second: str | None = None
    """What stands there in each, as far as it can be read."""
    embedded: tuple[str, ...] = ()
    """What is known to make builds differ, seen near the difference: the store, the build directory, a date."""


def iter_tree_differences(first: Path, second: Path) -> Iterator[TreeDifference]:
    """What differs between the trees at two paths, in order."""
    ours, theirs = _entries(first), _entries(second)
    for path in sorted(ours.keys() | theirs.keys()):
        name = os.fsdecode(b"/".join(path)) or "."
        one, other = ours.get(path), theirs.get(path)
        if one is None or other is None:
            yield TreeDifference(name, "is only in the first" if other is None else "is only in the second")
        elif type(one) is not type(other):
            yield TreeDifference(name, f"is a {_kind(one)}, then a {_kind(other)}")
        elif isinstance(one, Symlink) and isinstance(other, Symlink):
            if one.target != other.target:
                yield TreeDifference(
                    name, "leads elsewhere", first=os.fsdecode(one.target), second=os.fsdecode(other.target)
                )
        elif isinstance(one, File) and isinstance(other, File):
            yield from _iter_file(name, one, other, _place(first, path), _place(second, path))


def _entries(path: Path) -> dict[NodePath, Node]:
    return {node.path: node for node in iter_tree(path)}


def _place(top: Path, path: NodePath) -> Path:
    return Path(os.fsdecode(os.path.join(os.fsencode(top), *path)))


def _kind(node: Node) -> str:
    return {Directory: "directory", File: "file", Symlink: "link"}[type(node)]


def _iter_file(name: str, one: File, other: File, first: Path, second: Path) -> Iterator[TreeDifference]:
    if one.executable != other.executable:
        yield TreeDifference(name, "can be run in one of them only")
    offset, count = _compare(first, second)
    if offset is None:
        return
    texts = _around(first, offset), _around(second, offset)
    sizes = f" ({one.size} and {other.size} bytes)" if one.size != other.size else ""
    yield TreeDifference(
        name,
        f"has another content{sizes}",
        offset=offset,
        count=count,
        first=_readable(texts[0]),
        second=_readable(texts[1]),
        embedded=tuple(_iter_embedded(b"\n".join(texts))),
    )


def _compare(first: Path, second: Path) -> tuple[int | None, int]:
    """The offset of the first byte that differs, and how many do; what one file has more of, all of it."""
    offset: int | None = None
    count = position = 0
    with first.open("rb") as one, second.open("rb") as other:
        while True:
            ours, theirs = one.read(PIECE_BYTES), other.read(PIECE_BYTES)
            if not ours and not theirs:
                return offset, count
            if ours != theirs:
                common = min(len(ours), len(theirs))
                differing = [index for index in range(common) if ours[index] != theirs[index]]
                rest = max(len(ours), len(theirs)) - common
                count += len(differing) + rest
                if offset is None:
                    offset = position + (differing[0] if differing else common)
            position += PIECE_BYTES


def _around(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        start = max(0, offset - CONTEXT)
        file.seek(start)
        return file.read(offset - start + CONTEXT)


def _readable(text: bytes) -> str:
    """The longest text in it, else its middle in hexadecimal digits."""
    longest = max(TEXT.findall(text), key=len, default=b"")
    return longest.decode("ascii") if longest else text[CONTEXT : CONTEXT + 16].hex(" ")


KNOWN = {
    "the build directory": re.compile(rb"/build/"),
    "a path of the store": re.compile(rb"/store/_*/[0-9a-z]{20,32}"),
    "a date": re.compile(rb"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]|[A-Z][a-z]{2} [ 0-3][0-9] (?:19|20)[0-9]{2}"),
    "a time": re.compile(rb"[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"),
    "a temporary file": re.compile(rb"/tmp/"),
}


def _iter_embedded(text: bytes) -> Iterator[str]:
    return (what for what, pattern in KNOWN.items() if pattern.search(text))
