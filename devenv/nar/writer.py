"""Writes nodes as a NAR.

The writer is strict: it refuses what the reader would refuse (names, order, depth, sizes), so that everything it writes
is canonical. It keeps no tree in memory and does not recurse.
"""

from __future__ import annotations

from collections.abc import Callable

from devenv.nar.nodes import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    Directory,
    File,
    Node,
    NodePath,
    Symlink,
    is_name,
    is_target,
)
from devenv.nar.tokens import (
    CLOSE,
    CLOSE_ENTRY,
    LENGTH_BYTES,
    MAGIC,
    NODE,
    OPEN_DIRECTORY,
    OPEN_ENTRY,
    OPEN_EXECUTABLE,
    OPEN_FILE,
    OPEN_SYMLINK,
    PADDINGS,
    spell,
)


class NarWriter:
    """Spells one tree: `add` for each node, then `finish`. Pieces go to `emit` in order.

    Who wants to see the content of a file on its way calls `begin`, `write` for each piece and `end_file` in place of
    `add`. `begin` checks a node before anything of it is emitted: a node that it lets through is safe to create.
    `offset` is the number of bytes emitted so far: after `begin`, where the content of the file begins. Raises
    ValueError on a node that no canonical archive can hold.

    What ends a node goes out with what begins the next, so that a small file takes two calls of `emit`.
    """

    def __init__(self, emit: Callable[[bytes], None]) -> None:
        self._emit = emit
        self._directory: NodePath | None = None
        self._last_names: list[bytes] = []
        self._file: File | None = None
        self._missing = 0
        self._pending = MAGIC
        """What goes out before the next node, or at the end."""
        self.offset = 0

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
            case File(path, executable, size):
                if not 0 <= size <= MAX_FILE_BYTES:
                    raise ValueError(f"{path!r}: a file cannot be {size} bytes long")
                opening = OPEN_EXECUTABLE if executable else OPEN_FILE
                self._open(path, opening + size.to_bytes(LENGTH_BYTES, "little"))
                self._file = node
                self._missing = size
            case Directory(path):
                self._open(path, OPEN_DIRECTORY)
                self._directory = path
                self._last_names.append(b"")
            case Symlink(path, target):
                if not is_target(target):
                    raise ValueError(f"{path!r}: the link's target cannot be stored")
                self._open(path, OPEN_SYMLINK + spell(target))
                self._pending = CLOSE_ENTRY if path else CLOSE

    def write(self, piece: bytes) -> None:
        """Write the next bytes of the file that `begin` opened."""
        if self._file is None:
            raise ValueError("no file was begun")
        self._missing -= len(piece)
        if self._missing < 0:
            raise ValueError(f"{self._file.path!r} is longer than announced")
        self._write(piece)

    def end_file(self) -> None:
        """The file that `begin` opened is complete."""
        file = self._file
        if file is None:
            raise ValueError("no file was begun")
        if self._missing:
            raise ValueError(f"{file.path!r} is shorter than announced")
        self._pending = PADDINGS[-file.size & 7] + (CLOSE_ENTRY if file.path else CLOSE)
        self._file = None

    def finish(self) -> int:
        """Close what is open; returns the archive's length in bytes. Raises ValueError where nothing was added."""
        if self._file is not None:
            raise ValueError(f"{self._file.path!r} has not ended")
        if not self.offset:
            raise ValueError("a tree has a root")
        while self._directory is not None:
            self._leave(self._directory)
        self._write(self._pending)
        self._pending = b""
        return self.offset

    def _write(self, piece: bytes) -> None:
        self.offset += len(piece)
        self._emit(piece)

    def _open(self, path: NodePath, opening: bytes) -> None:
        """Begin the node at `path`: what is pending, its entry, and `opening` go out as one piece."""
        if path:
            entry = self._enter(path)
        elif not self.offset:
            entry = b""
        else:
            raise ValueError("a tree has one root")
        self._write(self._pending + entry + opening)
        self._pending = b""

    def _enter(self, path: NodePath) -> bytes:
        """Leave directories up to the parent of `path`, check name and order; returns what opens the entry."""
        parent = path[:-1]
        while self._directory is not None and self._directory != parent:
            self._leave(self._directory)
        if self._directory is None:
            raise ValueError(f"{path!r} has no parent in the tree")
        if len(path) >= MAX_DEPTH:
            raise ValueError(f"{path!r} lies deeper than {MAX_DEPTH} levels")
        name = path[-1]
        if not is_name(name):
            raise ValueError(f"{name!r} cannot name a file")
        if name <= self._last_names[-1]:
            raise ValueError(f"{path!r} is out of order or there twice")
        self._last_names[-1] = name
        return OPEN_ENTRY + spell(name) + NODE

    def _leave(self, directory: NodePath) -> None:
        self._pending += CLOSE_ENTRY if directory else CLOSE
        self._last_names.pop()
        self._directory = directory[:-1] if directory else None
