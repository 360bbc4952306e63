"""Writes nodes as a NAR.

The writer is strict: it refuses what a reader would refuse (names, order, depth, sizes), so that everything it writes
is canonical. It keeps no tree in memory and does not recurse.
"""

from __future__ import annotations

from collections.abc import Callable

from devenv.nar.nodes import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    MAX_NAME_BYTES,
    MAX_TARGET_BYTES,
    Directory,
    File,
    Node,
    NodePath,
    Symlink,
)


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

    Who wants to see the content of a file on its way calls `begin`, `write` for each piece and `end_file` in place of
    `add`. `begin` checks a node before anything of it is emitted: a node that it lets through is safe to create.
    `offset` is the number of bytes emitted so far. Raises ValueError on a node that no canonical archive can hold.
    """

    def __init__(self, emit: Callable[[bytes], None]) -> None:
        self._emit = emit
        self._directory: NodePath | None = None
        self._last_names: list[bytes] = []
        self._file: File | None = None
        self._missing = 0
        self.offset = 0
        self._write(MAGIC)

    def _write(self, piece: bytes) -> None:
        self.offset += len(piece)
        self._emit(piece)

    def add(self, node: Node) -> None:
        """Write `node`, with its content where it is a file."""
        self.begin(node)
        if isinstance(node, File):
            for piece in node.content:
                self.write(piece)
            self.end_file()

    def begin(self, node: Node) -> None:
        """Write all of `node` but the content of a file."""
        if self._file is not None:
            raise ValueError(f"{self._file.path!r} has not ended")
        match node:
            case Directory(path):
                self._enter(path)
                self._directory = path
                self._last_names.append(b"")
                self._write(OPEN_DIRECTORY)
            case File(path, executable, size):
                if not 0 <= size <= MAX_FILE_BYTES:
                    raise ValueError(f"{path!r}: a file cannot be {size} bytes long")
                self._enter(path)
                opening = OPEN_FILE + (EXECUTABLE if executable else b"") + CONTENTS
                self._write(opening + size.to_bytes(8, "little"))
                self._file = node
                self._missing = size
            case Symlink(path, target):
                if not 0 < len(target) <= MAX_TARGET_BYTES or b"\0" in target:
                    raise ValueError(f"{path!r}: the link's target cannot be stored")
                self._enter(path)
                self._write(OPEN_SYMLINK + _string(target) + _closing(path))

    def write(self, piece: bytes) -> None:
        """Write the next bytes of the file that `begin` opened."""
        file = self._require_file()
        self._missing -= len(piece)
        if self._missing < 0:
            raise ValueError(f"{file.path!r} is longer than announced")
        self._write(piece)

    def end_file(self) -> None:
        """The file that `begin` opened is complete."""
        file = self._require_file()
        if self._missing:
            raise ValueError(f"{file.path!r} is shorter than announced")
        self._write(bytes(-file.size % 8) + _closing(file.path))
        self._file = None

    def _require_file(self) -> File:
        if self._file is None:
            raise ValueError("no file was begun")
        return self._file

    def _enter(self, path: NodePath) -> None:
        """Close directories up to the parent of `path`, check name and order, and open its entry."""
        if not path:
            if self.offset != len(MAGIC):
                raise ValueError("a tree has one root")
            return
        *parent, name = path
        while self._directory is not None and self._directory != tuple(parent):
            self._leave(self._directory)
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

    def _leave(self, directory: NodePath) -> None:
        self._write(_closing(directory))
        self._last_names.pop()
        self._directory = directory[:-1] if directory else None

    def finish(self) -> int:
        """Close what is open; returns the archive's length in bytes. Raises ValueError where nothing was added."""
        if self._file is not None:
            raise ValueError(f"{self._file.path!r} has not ended")
        if self.offset == len(MAGIC):
            raise ValueError("a tree has a root")
        while self._directory is not None:
            self._leave(self._directory)
        return self.offset


def _closing(path: NodePath) -> bytes:
    """What ends a node: its own bracket, and that of the entry that it stands in."""
    return CLOSE + CLOSE if path else CLOSE
