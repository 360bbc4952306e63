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
from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink

READ_BYTES = 1 << 20
NORMAL_TIME_NS = 1_000_000_000
"""One second after the epoch: not zero, which some programs take for «no time»."""

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TreeWriter:
    """Writes nodes, in their order, as the tree `name` in the directory `parent`; `close` ends it.

    The directory of the node that is being written is kept open; those above it are closed and normalised as soon as
    the stream leaves them.
    """

    def __init__(self, parent: Path, name: str) -> None:
        self._name = os.fsencode(name)
        self._stack: list[tuple[int, NodePath | None]] = [(os.open(parent, OPEN_DIRECTORY), None)]

    def begin(self, node: Node) -> Callable[[bytes], None]:
        """Create `node`; returns what takes the content of a file (and must not be called for others)."""
        name = node.path[-1] if node.path else self._name
        while self._stack[-1][1] is not None and self._stack[-1][1] != node.path[:-1]:
            self._leave()
        directory = self._stack[-1][0]
        match node:
            case Directory():
                os.mkdir(name, 0o700, dir_fd=directory)
                self._stack.append((os.open(name, OPEN_DIRECTORY, dir_fd=directory), node.path))
            case Symlink():
                os.symlink(node.target, name, dir_fd=directory)
                os.utime(name, ns=(NORMAL_TIME_NS, NORMAL_TIME_NS), dir_fd=directory, follow_symlinks=False)
            case File():
                descriptor = os.open(name, CREATE, 0o600, dir_fd=directory)
                self._stack.append((descriptor, (*node.path, b"")))
                return functools.partial(_write_all, descriptor)
        return _refuse

    def end_file(self, *, executable: bool) -> None:
        """The file that `begin` opened is complete."""
        descriptor, _ = self._stack.pop()
        try:
            os.fchmod(descriptor, 0o555 if executable else 0o444)
            os.utime(descriptor, ns=(NORMAL_TIME_NS, NORMAL_TIME_NS))
        finally:
            os.close(descriptor)

    def _leave(self) -> None:
        descriptor, _ = self._stack.pop()
        try:
            os.fchmod(descriptor, 0o555)
            os.utime(descriptor, ns=(NORMAL_TIME_NS, NORMAL_TIME_NS))
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Normalise the directories that are still open."""
        while len(self._stack) > 1:
            self._leave()
        os.close(self._stack.pop()[0])

    def abandon(self) -> None:
        """Close every descriptor; what was written stays unfinished."""
        while self._stack:
            os.close(self._stack.pop()[0])


def _write_all(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


def _refuse(piece: bytes) -> None:
    del piece
    raise AssertionError("only a file has content")


def iter_tree(path: Path) -> Iterator[Node]:
    """The tree at `path` as nodes. Raises StoreError on what no store object holds (a device, a FIFO, a socket)."""
    parent = os.open(path.parent, OPEN_DIRECTORY)
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
            child = os.open(name, OPEN_DIRECTORY, dir_fd=directory)
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
    """Make everything below `path` durable.

    Where the system has `syncfs`, one call: it writes back the whole file system with one commit of its journal, which
    for a tree of thousands of files takes a fraction of what an `fsync` of each takes, and orders nothing less.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if (function := _syncfs()) is not None:
            if function(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(path))
            return
    finally:
        os.close(descriptor)
    for directory, _, names in os.walk(path, topdown=False):
        for name in [*names, "."]:
            _sync_one(os.path.join(directory, name))
    _sync_one(str(path))


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
