"""What differs between two objects that should be the same: files, offsets, and what stands there."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink
from devenv.store.tree import iter_tree

CONTEXT = 48
"""Bytes before and behind the first difference of a file that are looked at for a text."""
TEXT = re.compile(rb"[\x20-\x7e]{4,}")
HEXADECIMAL_BYTES = 16
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


def iter_tree_differences(
    first: Path, second: Path, alike: Mapping[str, str] | None = None
) -> Iterator[TreeDifference]:
    """What differs between the trees at two paths, in order.

    `alike` maps texts in the second to those of the same length that stand in their places in the first.
    """
    replaced = {os.fsencode(new): os.fsencode(old) for new, old in (alike or {}).items()}
    ours, theirs = _entries(first), _entries(second)
    for path in sorted(ours.keys() | theirs.keys()):
        name = os.fsdecode(b"/".join(path)) or "."
        one, other = ours.get(path), theirs.get(path)
        if one is None or other is None:
            yield TreeDifference(name, "is only in the first" if other is None else "is only in the second")
        elif type(one) is not type(other):
            yield TreeDifference(name, f"is a {_kind(one)}, then a {_kind(other)}")
        elif isinstance(one, Symlink) and isinstance(other, Symlink):
            target = _replace(other.target, replaced)
            if one.target != target:
                yield TreeDifference(name, "leads elsewhere", first=os.fsdecode(one.target), second=os.fsdecode(target))
        elif isinstance(one, File) and isinstance(other, File):
            sides = _Side(_place(first, path)), _Side(_place(second, path), replaced)
            yield from _iter_file(name, one, other, *sides)


def _entries(path: Path) -> dict[NodePath, Node]:
    return {node.path: node for node in iter_tree(path)}


def _place(top: Path, path: NodePath) -> Path:
    return Path(os.fsdecode(os.path.join(os.fsencode(top), *path)))


def _kind(node: Node) -> str:
    return {Directory: "directory", File: "file", Symlink: "link"}[type(node)]


@dataclass(frozen=True, slots=True)
class _Side:
    """A file of one of the trees, read with `replaced` in it."""

    path: Path
    replaced: Mapping[bytes, bytes] = field(default_factory=dict)

    def read(self, start: int, size: int) -> bytes:
        """At most `size` bytes from `start` on."""
        # What begins before them or ends behind them is replaced as well.
        longest = max(map(len, self.replaced), default=0)
        before = min(start, longest)
        with self.path.open("rb") as file:
            file.seek(start - before)
            content = file.read(before + size + longest)
        return _replace(content, self.replaced)[before : before + size]


def _replace(content: bytes, replaced: Mapping[bytes, bytes]) -> bytes:
    for old, new in replaced.items():
        content = content.replace(old, new)
    return content


def _iter_file(name: str, one: File, other: File, first: _Side, second: _Side) -> Iterator[TreeDifference]:
    if one.executable != other.executable:
        yield TreeDifference(name, "can be run in one of them only")
    offset, count = _compare(first, second, max(one.size, other.size))
    if offset is None:
        return
    start = max(0, offset - CONTEXT)
    texts = [side.read(start, offset - start + CONTEXT) for side in (first, second)]
    sizes = f" ({one.size} and {other.size} bytes)" if one.size != other.size else ""
    yield TreeDifference(
        name,
        f"has another content{sizes}",
        offset=offset,
        count=count,
        first=_readable(texts[0], offset - start),
        second=_readable(texts[1], offset - start),
        embedded=tuple(_iter_embedded(b"\n".join(texts))),
    )


def _compare(first: _Side, second: _Side, size: int) -> tuple[int | None, int]:
    """The offset of the first byte that differs, and how many do; what one file has more of, all of it."""
    offset: int | None = None
    count = 0
    for position in range(0, size, PIECE_BYTES):
        ours, theirs = first.read(position, PIECE_BYTES), second.read(position, PIECE_BYTES)
        if ours == theirs:
            continue
        common = min(len(ours), len(theirs))
        count += sum(map(operator.ne, ours, theirs)) + max(len(ours), len(theirs)) - common
        if offset is None:
            offset = position + next((each for each in range(common) if ours[each] != theirs[each]), common)
    return offset, count


def _readable(context: bytes, offset: int) -> str:
    """The text that `offset` lies in, else the bytes there in hexadecimal digits."""
    if offset >= len(context):
        return "(the file has ended)"
    text = next((match for match in TEXT.finditer(context) if match.start() <= offset < match.end()), None)
    return context[offset : offset + HEXADECIMAL_BYTES].hex(" ") if text is None else text[0].decode("ascii")


KNOWN = {
    "the build directory": re.compile(rb"/build/"),
    "a path of the store": re.compile(rb"(?:/store|_)/[0-9a-z]{20,32}"),
    "a date": re.compile(rb"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]|[A-Z][a-z]{2} [ 0-3][0-9] (?:19|20)[0-9]{2}"),
    "a time": re.compile(rb"[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"),
    "a temporary file": re.compile(rb"/tmp/"),
}


def _iter_embedded(text: bytes) -> Iterator[str]:
    return (what for what, pattern in KNOWN.items() if pattern.search(text))
