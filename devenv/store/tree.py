"""File trees on disk: written into fresh inodes, read back as nodes, made durable.

Everything is created relative to directory descriptors with `O_EXCL | O_NOFOLLOW`, so that nothing that was there
before can be followed or overwritten (FAULTS F-16). What is written is normalised: files 0444 or 0555, directories
0555, all times one second after the epoch, as in Nix's store.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from blake3 import blake3

from devenv.errors import StoreError
from devenv.fault_points import fault_point
from devenv.fsutil import OPEN_DIRECTORY, NamedErrors
from devenv.nar.nodes import Directory, File, Node, NodePath, Symlink
from devenv.store.links import (
    EXECUTABLE_MODE,
    FILE_MODE,
    NORMAL_TIMES,
    OPEN_FILE,
    READ_BYTES,
    FileLinks,
    link_name,
)

DIRECTORY_MODE = 0o555

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_REAL_DIRECTORY = OPEN_DIRECTORY | os.O_NOFOLLOW


class TreeWriter:
    """Writes nodes, in their order, as the tree `name` in the directory `parent`; `close` ends it.

    Files that the store has already become links to those (`links`). The directories above the node that is being
    written are kept open, and normalised as soon as the stream leaves them. Names are taken as they come: whoever calls
    has checked them (`NarWriter.begin` does).
    """

    def __init__(self, parent: Path, name: str, links: FileLinks) -> None:
        self._name = os.fsencode(name)
        self._named = NamedErrors(parent)
        self._links = links
        self._directories: list[tuple[int, NodePath | None]] = [(os.open(parent, OPEN_REAL_DIRECTORY), None)]
        self._file: _SmallFile | _LargeFile | None = None

    def begin(self, node: Node) -> None:
        """Create `node`. After a file come `write` for each piece of its content, and `end_file`."""
        with self._named:
            self._begin(node)

    def _begin(self, node: Node) -> None:
        name = node.path[-1] if node.path else self._name
        while self._directories[-1][1] is not None and self._directories[-1][1] != node.path[:-1]:
            normalise(self._directories.pop()[0], DIRECTORY_MODE)
        parent = self._directories[-1][0]
        match node:
            case Directory(path):
                fault_point("tree.directory")
                os.mkdir(name, 0o700, dir_fd=parent)
                self._directories.append((os.open(name, OPEN_REAL_DIRECTORY, dir_fd=parent), path))
            case Symlink(_, target):
                fault_point("tree.link")
                os.symlink(target, name, dir_fd=parent)
                os.utime(name, ns=NORMAL_TIMES, dir_fd=parent, follow_symlinks=False)
            case File(_, executable, size):
                kind = _SmallFile if size <= READ_BYTES else _LargeFile
                self._file = kind(self._links, executable, name, parent)

    def write(self, piece: bytes) -> None:
        """Write the next bytes of the file that `begin` created."""
        assert self._file is not None
        with self._named:
            self._file.write(piece)

    def end_file(self) -> None:
        """The file that `begin` created is complete."""
        assert self._file is not None
        file, self._file = self._file, None
        with self._named:
            file.end()

    def close(self) -> None:
        """Normalise the directories that are still open."""
        with self._named:
            while len(self._directories) > 1:
                normalise(self._directories.pop()[0], DIRECTORY_MODE)
        self.abandon()

    def abandon(self) -> None:
        """Close every descriptor; what was being written stays unfinished. Nothing happens after `close`."""
        if self._file is not None:
            self._file.abandon()
            self._file = None
        while self._directories:
            os.close(self._directories.pop()[0])


class _SmallFile:
    """A file that is held until it is complete, and need not be written where the store has it."""

    def __init__(self, links: FileLinks, executable: bool, name: bytes, parent: int) -> None:
        self._place = links, executable, name, parent
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._pieces.append(piece)

    def end(self) -> None:
        """Link or write it."""
        links, executable, name, parent = self._place
        content = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        if not content:
            # Shares no space, and there may be more of it in a store than one inode can have links (FAULTS B-13).
            create_file(name, parent, content, executable)
            return
        link = link_name(blake3(content), executable)
        if not links.put(link, content, name, parent):
            create_file(name, parent, content, executable)
            links.offer(link, name, parent)

    def abandon(self) -> None:
        """Nothing was opened."""


class _LargeFile:
    """A file that is written as it comes, and replaced at its end where the store has it."""

    def __init__(self, links: FileLinks, executable: bool, name: bytes, parent: int) -> None:
        self._place = links, executable, name, parent
        fault_point("tree.file")
        self._descriptor = os.open(name, CREATE, 0o600, dir_fd=parent)
        self._hash = blake3()

    def write(self, piece: bytes) -> None:
        """Write the next bytes."""
        self._hash.update(piece)
        write_all(self._descriptor, piece)

    def end(self) -> None:
        """Normalise and share it."""
        links, executable, name, parent = self._place
        normalise(self._descriptor, EXECUTABLE_MODE if executable else FILE_MODE)
        links.share(link_name(self._hash, executable), name, parent)

    def abandon(self) -> None:
        """Leave it unfinished."""
        os.close(self._descriptor)


def create_file(name: bytes, parent: int, content: bytes, executable: bool) -> None:
    """Make the normalised file `name` in the directory `parent`, a fresh inode with this content."""
    fault_point("tree.file")
    descriptor = os.open(name, CREATE, 0o600, dir_fd=parent)
    try:
        write_all(descriptor, content)
    except BaseException:
        os.close(descriptor)
        raise
    normalise(descriptor, EXECUTABLE_MODE if executable else FILE_MODE)


def write_all(descriptor: int, piece: bytes) -> None:
    """Write all of `piece`, however little the system takes at a time."""
    fault_point("tree.write")
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


def normalise(descriptor: int, mode: int) -> None:
    """Give a finished file or directory its mode and times, and close it."""
    try:
        os.fchmod(descriptor, mode)
        os.utime(descriptor, ns=NORMAL_TIMES)
    finally:
        os.close(descriptor)


def iter_tree(path: Path) -> Iterator[Node]:
    """The tree at `path` as nodes. A file's content can be read until the next node is asked for.

    Raises StoreError (`special-file`) on what no store object holds: a device, a FIFO, a socket.
    """
    parent = os.open(path.parent, OPEN_REAL_DIRECTORY)
    named = NamedErrors(path)
    try:
        with named:
            yield from _iter_entries(parent, os.fsencode(path.name), named)
    finally:
        os.close(parent)


def _iter_entries(parent: int, top: bytes, named: NamedErrors) -> Iterator[Node]:
    stack: list[tuple[int, NodePath, list[tuple[bytes, int]]]] = [
        (parent, (), [(top, stat.S_IFMT(os.stat(top, dir_fd=parent, follow_symlinks=False).st_mode))])
    ]
    try:
        while stack:
            directory, above, entries = stack[-1]
            if not entries:
                stack.pop()
                if stack:
                    os.close(directory)
                continue
            name, kind = entries.pop()
            path: NodePath = (*above, name) if len(stack) > 1 else ()
            if kind == stat.S_IFREG:
                descriptor = os.open(name, OPEN_FILE, dir_fd=directory)
                try:
                    yield _describe_file(descriptor, path, named)
                finally:
                    os.close(descriptor)
            elif kind == stat.S_IFDIR:
                child = os.open(name, OPEN_REAL_DIRECTORY, dir_fd=directory)
                stack.append((child, path, _read_entries(child)))
                yield Directory(path)
            elif kind == stat.S_IFLNK:
                yield Symlink(path, os.readlink(name, dir_fd=directory))
            else:
                raise _special_file(path)
    finally:
        for directory, _, _ in stack[1:]:
            os.close(directory)


def _read_entries(directory: int) -> list[tuple[bytes, int]]:
    """Names and kinds, the last one first."""
    with os.scandir(directory) as found:
        entries = [(os.fsencode(entry.name), _kind(entry)) for entry in found]
    entries.sort(reverse=True)
    return entries


def _kind(entry: os.DirEntry[str]) -> int:
    """The file type bits of the mode, by what the directory says."""
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    if entry.is_symlink():
        return stat.S_IFLNK
    return stat.S_IFDIR if entry.is_dir(follow_symlinks=False) else 0


def _describe_file(descriptor: int, path: NodePath, named: NamedErrors) -> File:
    """The open file as a node. What was a file when its directory was read may be something else by now."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise _special_file(path)
    size = status.st_size
    return File(path, bool(status.st_mode & stat.S_IXUSR), size, _read_pieces(descriptor, size, named))


def _special_file(path: NodePath) -> StoreError:
    return StoreError(f"`{os.fsdecode(b'/'.join(path))}` is no file, directory or link", slug="special-file")


def _read_pieces(descriptor: int, size: int, named: NamedErrors) -> Iterable[bytes]:
    if size <= READ_BYTES:
        return (os.read(descriptor, size),) if size else ()

    def read() -> bytes:
        with named:
            return os.read(descriptor, READ_BYTES)

    return iter(read, b"")
