"""File trees on disk: written into fresh inodes, read back as nodes, made durable.

Everything is created relative to directory descriptors with `O_EXCL | O_NOFOLLOW`, so that nothing that was there
before can be followed or overwritten (FAULTS F-16). What is written is normalised: files 0444 or 0555, directories
0555, all times one second after the epoch, as in Nix's store.
"""

from __future__ import annotations

import ctypes
import functools
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from devenv.errors import StoreError
from devenv.fsutil import OPEN_DIRECTORY
from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink

READ_BYTES = 1 << 20
FILE_MODE = 0o444
EXECUTABLE_MODE = DIRECTORY_MODE = 0o555
NORMAL_TIMES = (1_000_000_000, 1_000_000_000)
"""Of access and modification, in nanoseconds: one second after the epoch, not zero, which some take for «no time»."""

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_REAL_DIRECTORY = OPEN_DIRECTORY | os.O_NOFOLLOW


class TreeWriter:
    """Writes nodes, in their order, as the tree `name` in the directory `parent`; `close` ends it.

    The directories above the node that is being written are kept open, and normalised as soon as the stream leaves
    them. Names are taken as they come: whoever calls has checked them (`NarWriter.begin` does).
    """

    def __init__(self, parent: Path, name: str) -> None:
        self._name = os.fsencode(name)
        self._directories: list[tuple[int, NodePath | None]] = [(os.open(parent, OPEN_REAL_DIRECTORY), None)]
        self._file: int | None = None
        self._executable = False

    def begin(self, node: Node) -> None:
        """Create `node`. After a file come `write` for each piece of its content, and `end_file`."""
        name = node.path[-1] if node.path else self._name
        while self._directories[-1][1] is not None and self._directories[-1][1] != node.path[:-1]:
            _normalise(self._directories.pop()[0], DIRECTORY_MODE)
        parent = self._directories[-1][0]
        match node:
            case Directory(path):
                os.mkdir(name, 0o700, dir_fd=parent)
                self._directories.append((os.open(name, OPEN_REAL_DIRECTORY, dir_fd=parent), path))
            case Symlink(_, target):
                os.symlink(target, name, dir_fd=parent)
                os.utime(name, ns=NORMAL_TIMES, dir_fd=parent, follow_symlinks=False)
            case File(_, executable):
                self._file = os.open(name, CREATE, 0o600, dir_fd=parent)
                self._executable = executable

    def write(self, piece: bytes) -> None:
        """Write the next bytes of the file that `begin` created."""
        assert self._file is not None
        view = memoryview(piece)
        while view:
            view = view[os.write(self._file, view) :]

    def end_file(self) -> None:
        """The file that `begin` created is complete."""
        assert self._file is not None
        descriptor, self._file = self._file, None
        _normalise(descriptor, EXECUTABLE_MODE if self._executable else FILE_MODE)

    def close(self) -> None:
        """Normalise the directories that are still open."""
        while len(self._directories) > 1:
            _normalise(self._directories.pop()[0], DIRECTORY_MODE)
        self.abandon()

    def abandon(self) -> None:
        """Close every descriptor; what was being written stays unfinished. Nothing happens after `close`."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        while self._directories:
            os.close(self._directories.pop()[0])


def _normalise(descriptor: int, mode: int) -> None:
    """Give a finished file or directory its mode and times, and close it."""
    try:
        os.fchmod(descriptor, mode)
        os.utime(descriptor, ns=NORMAL_TIMES)
    finally:
        os.close(descriptor)


def iter_tree(path: Path) -> Iterator[Node]:
    """The tree at `path` as nodes. Raises StoreError on what no store object holds (a device, a FIFO, a socket)."""
    parent = os.open(path.parent, OPEN_REAL_DIRECTORY)
    try:
        yield from _iter_entries(parent, os.fsencode(path.name))
    finally:
        os.close(parent)


def _iter_entries(parent: int, top: bytes) -> Iterator[Node]:
    stack: list[tuple[int, NodePath, list[bytes]]] = []

    def visit(directory: int, name: bytes, path: NodePath) -> Node:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            return Symlink(path, os.readlink(name, dir_fd=directory))
        if stat.S_ISDIR(status.st_mode):
            child = os.open(name, OPEN_REAL_DIRECTORY, dir_fd=directory)
            stack.append((child, path, sorted((os.fsencode(entry) for entry in os.listdir(child)), reverse=True)))
            return Directory(path)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"`{os.fsdecode(b'/'.join(path))}` is no file, directory or link", slug="special-file")
        return File(path, bool(status.st_mode & stat.S_IXUSR), status.st_size, _read_pieces(directory, name))

    try:
        yield visit(parent, top, ())
        while stack:
            directory, path, names = stack[-1]
            if names:
                name = names.pop()
                yield visit(directory, name, (*path, name))
            else:
                os.close(stack.pop()[0])
    finally:
        for descriptor, _, _ in stack:
            os.close(descriptor)


def _read_pieces(directory: int, name: bytes) -> Iterator[bytes]:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    with open(descriptor, "rb", buffering=0) as file:
        while piece := file.read(READ_BYTES):
            yield piece


def sync_tree(path: Path) -> None:
    """Make the tree at `path` durable.

    Where the system has `syncfs`, one call: it writes back the whole file system with one commit of its journal, which
    for a tree of thousands of files takes a fraction of what an `fsync` of each takes, and orders nothing less.
    """
    if (function := _syncfs()) is None:
        for directory, _, names in os.walk(path, topdown=False):
            for name in [*names, "."]:
                _sync_one(os.path.join(directory, name))
        _sync_one(os.fspath(path))
        return
    # The parent stands for the file system: the tree itself may be a link.
    descriptor = os.open(path.parent, OPEN_REAL_DIRECTORY)
    try:
        if function(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)


def _sync_one(path: str) -> None:
    if not os.path.islink(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@functools.cache
def _syncfs() -> Callable[[int], int] | None:
    function = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return None if function is None else lambda descriptor: int(function(descriptor))
