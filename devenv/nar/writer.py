"""Writes nodes as a NAR.

The writer is strict: it refuses what a reader would refuse (names, order, depth, sizes), so that everything it writes
is canonical. It keeps no tree in memory and does not recurse.
"""

from __future__ import annotations

from collections.abc import Callable

from devenv.nar.nodes import MAX_DEPTH, MAX_NAME_BYTES, MAX_TARGET_BYTES, Directory, File, Node, NodePath, Symlink


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(8, "little") + value + bytes(-len(value) % 8)


def _strings(*values: bytes) -> bytes:
    return b"".join(map(_string, values))


MAGIC = _strings(b"nix-archive-1")
OPEN_DIRECTORY = _strings(b"(", b"type", b"directory")
OPEN_FILE = _strings(b"(", b"type", b"regular")
OPEN_SYMLINK = _strings(b"(", b"type", b"symlink", b"target")
OPEN_ENTRY = _strings(b"entry", b"(", b"name")
EXECUTABLE = _strings(b"executable", b"")
CONTENTS = _string(b"contents")
NODE = _string(b"node")
CLOSE = _string(b")")


class NarWriter:
    """Spells one tree: `add` for each node, then `finish`. Pieces go to `emit` in order.

    `offset` is the number of bytes emitted so far, `content_start` where the content of the last file began. Raises
    ValueError on a node that no canonical archive can hold.
    """

    def __init__(self, emit: Callable[[bytes], None]) -> None:
        self._emit = emit
        self._directory: NodePath | None = None
        self._last_names: list[bytes] = []
        self.offset = 0
        self.content_start = 0
        self._write(MAGIC)

    def _write(self, piece: bytes) -> None:
        self.offset += len(piece)
        self._emit(piece)

    def add(self, node: Node, sink: Callable[[bytes], None] | None = None) -> None:
        """Write `node`; the content of a file is also handed to `sink`, piece by piece."""
        self._enter(node.path)
        match node:
            case Directory():
                self._directory = node.path
                self._last_names.append(b"")
                self._write(OPEN_DIRECTORY)
                return
            case File():
                self._add_file(node, sink)
            case Symlink():
                if not 0 < len(node.target) <= MAX_TARGET_BYTES or b"\0" in node.target:
                    raise ValueError(f"{node.path!r}: the link's target cannot be stored")
                self._write(OPEN_SYMLINK + _string(node.target) + CLOSE)
        if node.path:
            self._write(CLOSE)

    def _add_file(self, node: File, sink: Callable[[bytes], None] | None) -> None:
        opening = OPEN_FILE + (EXECUTABLE if node.executable else b"") + CONTENTS
        self._write(opening + node.size.to_bytes(8, "little"))
        start = self.content_start = self.offset
        for piece in node.content:
            if sink is not None:
                sink(piece)
            self._write(piece)
            if self.offset - start > node.size:
                break
        if self.offset - start != node.size:
            raise ValueError(f"{node.path!r}: the file is not as long as announced")
        self._write(bytes(-node.size % 8) + CLOSE)

    def _enter(self, path: NodePath) -> None:
        """Close directories up to the parent of `path`, check name and order, and open its entry."""
        if not path:
            if self.offset != len(MAGIC):
                raise ValueError("a tree has one root")
            return
        *parent, name = path
        while self._directory is not None and self._directory != tuple(parent):
            self._leave()
        if self._directory is None:
            raise ValueError(f"{path!r} has no parent in the tree")
        if len(path) >= MAX_DEPTH:
            raise ValueError(f"{path!r} lies deeper than {MAX_DEPTH} levels")
        if not 0 < len(name) <= MAX_NAME_BYTES or name in {b".", b".."} or b"/" in name or b"\0" in name:
            raise ValueError(f"{name!r} cannot name a file")
        if name <= self._last_names[-1]:
            raise ValueError(f"{path!r} is out of order or there twice")
        self._last_names[-1] = name
        self._write(OPEN_ENTRY + _string(name) + NODE)

    def _leave(self) -> None:
        if self._directory is None:
            raise ValueError("the tree has no root")
        self._write(CLOSE + (CLOSE if self._directory else b""))
        self._last_names.pop()
        self._directory = self._directory[:-1] if self._directory else None

    def finish(self) -> int:
        """Close what is open; returns the archive's length in bytes. Raises ValueError where nothing was added."""
        if self.offset == len(MAGIC):
            raise ValueError("a tree has a root")
        while self._directory is not None:
            self._leave()
        return self.offset
