"""Reads a NAR as nodes, and accepts canonical archives only.

Canonical is exactly what `NarWriter` writes, so that no two archives stand for one tree (FORMATS.md 1.2). Archives come
from strangers: the reader does not recurse, allocates nothing by a length before bytes have arrived, and keeps no more
than the names above the current node.

The grammar says at each point how many bytes must follow in every archive. The reader asks for those and no more, a
few fields at a time: it never reads past the end of the archive and needs no buffer of its own. It makes about four
reads for a small file, which want a buffered stream below them where a read is a system call.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

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
    is_name,
    is_target,
)
from devenv.nar.tokens import (
    CLOSE,
    CLOSE_ENTRY,
    ENTRY,
    LENGTH_BYTES,
    MAGIC,
    NODE,
    OPEN_DIRECTORY,
    OPEN_ENTRY,
    OPEN_EXECUTABLE,
    OPEN_FILE,
    OPEN_SYMLINK,
    PADDINGS,
)

PIECE_BYTES = 1 << 20
"""The most that is asked for at once, whatever lengths the archive claims."""

OPENING_BYTES = len(OPEN_FILE) + LENGTH_BYTES
"""What can be read of any object at once: a plain file up to its size, a link up to the length of its target, an
executable up to that word, a directory up to what stands behind its first bracket."""
EXECUTABLE_START, EXECUTABLE_REST = OPEN_EXECUTABLE[:OPENING_BYTES], OPEN_EXECUTABLE[OPENING_BYTES:]
OPENINGS = (OPEN_FILE, OPEN_EXECUTABLE, OPEN_DIRECTORY, OPEN_SYMLINK)
TOKEN_BYTES = len(CLOSE)
"""What stands in a directory before and between its objects: `entry` or `)`, which are of one length."""
ENTRY_REST = OPEN_ENTRY[len(ENTRY) :]

Read = Callable[[int], bytes]
"""Gives 1 to `n` bytes when asked for `n`, and none at the end, as the `read` of a file does."""


class NarError(ValueError):
    """A stream holds no canonical archive."""


def iter_nar(read: Read) -> Iterator[Node]:
    """The nodes of the archive that `read` gives, in its order. Nothing behind its end is read.

    The `content` of a File comes in pieces of at most 1 MiB, and can be taken until the next node is asked for, which
    passes over what is left of it. Raises NarError, which says at which byte: nodes may have been yielded by then, so
    nothing is to be believed before the iteration has ended. What `read` raises passes through.
    """
    reader = _Reader(read)
    path: NodePath | None = reader.begin()
    while path is not None:
        yield reader.read_object(path)
        path = reader.find_next(path)


def require_end(read: Read) -> None:
    """Raises NarError unless the stream is at its end: what follows an archive would go unchecked (FAULTS F-02)."""
    if extra := read(1):
        raise NarError(f"not a canonical NAR: expected the end of the stream behind it, found {extra!r}")


class _Reader:
    """Reads in turns: `begin`, then `read_object` and `find_next` until there is none."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._offset = 0
        self._opening = b""
        """The first `OPENING_BYTES` of the object that comes next."""
        self._token = b""
        """`entry` or `)` behind the opening of a directory, which was read with it."""
        self._content_end = 0
        self._padding = b""
        """What must stand behind the content, which ends at `_content_end`."""
        self._directories: list[NodePath] = []
        self._last_names: list[bytes] = []

    def begin(self) -> NodePath:
        """Read up to the root. Returns its path."""
        found = self._take(len(MAGIC) + OPENING_BYTES)
        if not found.startswith(MAGIC):
            raise self._mismatch(found, MAGIC, "`nix-archive-1`")
        self._opening = found[len(MAGIC) :]
        return ()

    def read_object(self, path: NodePath) -> Node:
        """The object that begins here, which `path` names, read up to its content."""
        opening = self._opening
        if opening.startswith(OPEN_FILE):
            return self._read_file(path, opening, executable=False)
        if opening == EXECUTABLE_START:
            rest = self._take(len(EXECUTABLE_REST) + LENGTH_BYTES)
            if not rest.startswith(EXECUTABLE_REST):
                raise self._mismatch(rest, EXECUTABLE_REST, "an empty string and `contents` behind `executable`")
            return self._read_file(path, rest, executable=True)
        if opening.startswith(OPEN_DIRECTORY):
            self._directories.append(path)
            self._last_names.append(b"")
            self._token = opening[-TOKEN_BYTES:]
            return Directory(path)
        if opening.startswith(OPEN_SYMLINK):
            return self._read_symlink(path, opening)
        nearest = max(OPENINGS, key=lambda strings: _count_equal(opening, strings))
        raise self._mismatch(opening, nearest, "a file, a directory or a symbolic link")

    def _read_file(self, path: NodePath, header: bytes, *, executable: bool) -> File:
        size = self._length(header, "the content", 0, MAX_FILE_BYTES)
        self._content_end = self._offset + size
        self._padding = PADDINGS[-size & 7]
        return File(path, executable, size, self._iter_content(self._content_end))

    def _iter_content(self, end: int) -> Iterator[bytes]:
        """What is left up to `end`: nothing once the reader itself has passed it."""
        while self._offset < end:
            piece = self._read(min(end - self._offset, PIECE_BYTES))
            if not piece:
                raise self._error(self._offset, f"{end - self._offset} more bytes of content", "the end of the stream")
            self._offset += len(piece)
            yield piece

    def _read_symlink(self, path: NodePath, header: bytes) -> Symlink:
        size = self._length(header, "the target", 1, MAX_TARGET_BYTES)
        target = self._take(size)
        if not is_target(target):
            raise self._error(self._offset - size, "a target without NUL", repr(target))
        self._content_end = self._offset
        self._padding = PADDINGS[-size & 7]
        return Symlink(path, target)

    def find_next(self, path: NodePath) -> NodePath | None:
        """Read from the object at `path` up to the next one. Returns the next one's path, None behind the end."""
        token = self._token or self._close_leaf(path)
        self._token = b""
        while token == CLOSE:
            token = self._close_directory()
        if not token:
            return None
        if token != ENTRY:
            raise self._mismatch(token, ENTRY, "`entry` or `)`")
        return self._read_entry()

    def _close_leaf(self, path: NodePath) -> bytes:
        """Pass over what nobody took of the content, and over what ends it. Returns the token behind it."""
        for _ in self._iter_content(self._content_end):
            pass
        return self._read_ending(path, self._padding + (CLOSE_ENTRY if path else CLOSE))

    def _close_directory(self) -> bytes:
        """Leave the innermost directory, whose own bracket was the last token. Returns the token behind it."""
        self._last_names.pop()
        path = self._directories.pop()
        return self._read_ending(path, CLOSE) if path else b""

    def _read_ending(self, path: NodePath, ending: bytes) -> bytes:
        """Read `ending`. Returns the token behind it, empty at the end of the archive."""
        found = self._take(len(ending) + (TOKEN_BYTES if path else 0))
        if not found.startswith(ending):
            raise self._mismatch(found, ending, "zeros up to a multiple of eight and `)`")
        return found[len(ending) :]

    def _read_entry(self) -> NodePath:
        """Read an entry from behind its first word up to its object. Returns its path."""
        header = self._take(len(ENTRY_REST) + LENGTH_BYTES)
        if not header.startswith(ENTRY_REST):
            raise self._mismatch(header, ENTRY_REST, "`(` and `name`")
        size = self._length(header, "the name", 1, MAX_NAME_BYTES)
        behind = PADDINGS[-size & 7] + NODE
        found = self._take(size + len(behind) + OPENING_BYTES)
        if not found.startswith(behind, size):
            raise self._mismatch(found[size:], behind, "zeros up to a multiple of eight and `node`")
        self._opening = found[-OPENING_BYTES:]
        return self._enter(found[:size], self._offset - len(found))

    def _enter(self, name: bytes, offset: int) -> NodePath:
        """The path of `name`, which stands at `offset`, in the innermost directory."""
        path = (*self._directories[-1], name)
        if not is_name(name):
            raise self._error(offset, "the name of an entry", repr(name))
        if name <= self._last_names[-1]:
            raise self._error(offset, f"a name that sorts behind {self._last_names[-1]!r}", repr(name))
        if len(path) >= MAX_DEPTH:
            raise self._error(offset, f"at most {MAX_DEPTH} levels", "one more")
        self._last_names[-1] = name
        return path

    def _length(self, header: bytes, what: str, least: int, most: int) -> int:
        """The length of `what`, with which `header`, the bytes read last, ends."""
        size = int.from_bytes(header[-LENGTH_BYTES:], "little")
        if not least <= size <= most:
            raise self._error(self._offset - LENGTH_BYTES, f"{least} to {most} as the length of {what}", str(size))
        return size

    def _take(self, size: int) -> bytes:
        """The next `size` bytes: few, or checked against a limit before."""
        found = self._read(size)
        if len(found) < size:
            found = self._take_slowly(found, size)
        self._offset += size
        return found

    def _take_slowly(self, found: bytes, size: int) -> bytes:
        while len(found) < size:
            more = self._read(size - len(found)) if found else b""
            if not more:
                missing = size - len(found)
                raise self._error(self._offset + len(found), f"at least {missing} more bytes", "the end of the stream")
            found += more
        return found

    def _mismatch(self, found: bytes, wanted: bytes, expected: str) -> NarError:
        """What is wrong with the bytes read last, which should begin with `wanted`: the first word that differs."""
        start = self._offset - len(found)
        different = start + _count_equal(found, wanted)
        place = max(start, different - different % LENGTH_BYTES)
        return self._error(place, expected, repr(found[place - start :][:16]))

    def _error(self, offset: int, expected: str, found: str) -> NarError:
        return NarError(f"not a canonical NAR: expected {expected} at byte {offset}, found {found}")


def _count_equal(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
