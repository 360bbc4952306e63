"""Reads tar archives as streams, strictly (FAULTS I-01, I-02, I-04, I-05, I-08).

What is accepted is what dpkg accepts and what `tar` makes without options: files, directories, symbolic and hard links,
with GNU's long names. What readers understand differently is refused: a second member of one path, one that lies below
a file or a link, a hard link to anything but a file before it, an archive without an end or with something behind it.
Set-id bits, owners and times are not even read. `tar_header` says what one header may be. Where pax headers are wanted
too, as most programs but dpkg write them, `pax_header` reads those.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator

from msgspec import Struct

from devenv.build.tar_header import (
    BLOCK_BYTES,
    MAX_PATH_BYTES,
    InvalidTarError,
    TarHeader,
    TarKind,
    parse_header,
    parse_path,
)
from devenv.nar.nodes import NodePath, is_target

MAX_MEMBERS = 500_000
MAX_BYTES = 16 << 30
"""Of all contents together."""
MAX_PATHS_BYTES = 32 << 20
"""Of all paths and targets together, which are kept in memory; the 116,000 of papirus-icon-theme have 7 MiB."""
END = bytes(BLOCK_BYTES)
LONG = {TarKind.LONG_NAME, TarKind.LONG_TARGET}
PAX = {TarKind.PAX, TarKind.GLOBAL_PAX}
MAX_PAX_BYTES = 64 << 10
"""Of one pax header: names, and extended attributes that nobody reads."""


class TarMember(Struct, frozen=True):
    """A member below the top of the archive.

    `content` of a FILE yields its `size` bytes in pieces, until the next member is asked for; of others, nothing.
    `target` is that of a SYMLINK, as it stands there. `link` is the path of the FILE that a HARD_LINK is another name
    for: a member that came before, never itself a link.
    """

    path: NodePath
    kind: TarKind
    executable: bool = False
    size: int = 0
    content: Iterable[memoryview] = ()
    target: bytes | None = None
    link: NodePath | None = None


class Budget:
    """What several archives may hold together that are kept at the same time. Several threads may draw on it."""

    def __init__(self, members: int, path_bytes: int, content_bytes: int) -> None:
        """Members, bytes of their paths and targets, and bytes of their contents."""
        self._lock = threading.Lock()
        self._members, self._path_bytes, self._content_bytes = members, path_bytes, content_bytes

    def take(self, *, members: int = 0, path_bytes: int = 0, content_bytes: int = 0) -> None:
        """Raises InvalidTarError where not so much is left."""
        with self._lock:
            self._members -= members
            self._path_bytes -= path_bytes
            self._content_bytes -= content_bytes
            least = min(self._members, self._path_bytes, self._content_bytes)
        if least < 0:
            raise InvalidTarError("with those beside it, it has too many members, too long paths or too much content")


def iter_tar_members(
    chunks: Iterable[bytes], budget: Budget | None = None, *, extended: bool = False
) -> Iterator[TarMember]:
    """The members of the one archive that `chunks` hold exactly, in its order; the top itself is not among them.

    With `extended`, there may be pax headers.

    What it holds counts towards `budget`, if there is one. Raises InvalidTarError: members may have been yielded by
    then, so nothing is to be believed before the iteration has ended. What `chunks` raises passes through.
    """
    stream = _Stream(chunks)
    tree = _Tree(budget)
    for header in _iter_headers(stream, extended):
        member = _make_member(header, tree, stream)
        if member.path:
            yield member
        stream.skip_content()
    stream.require_zeros()


class _Stream:
    """Blocks and contents out of chunks of any length."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = b""
        self._position = 0
        self._content_left = 0
        self._padding = 0
        self._turn = 0

    def _refill(self) -> None:
        """Make the next chunk that holds something the current one, which is used up. Raises at the end."""
        for chunk in self._chunks:
            if chunk:
                self._chunk, self._position = chunk, 0
                return
        raise InvalidTarError("it ends too early")

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, which are few."""
        end = self._position + size
        piece = self._chunk[self._position : end]
        self._position = min(end, len(self._chunk))
        while len(piece) < size:
            self._refill()
            self._position = min(size - len(piece), len(self._chunk))
            piece += self._chunk[: self._position]
        return piece

    def begin_content(self, size: int) -> Iterator[memoryview]:
        """What comes next is content: in pieces as large as they lie there, without being copied."""
        self._content_left = size
        self._padding = -size % BLOCK_BYTES
        self._turn += 1
        return self._iter_content(self._turn)

    def _iter_content(self, turn: int) -> Iterator[memoryview]:
        """What is left of the content whose turn it is: nothing once the next one has begun."""
        while self._content_left and self._turn == turn:
            if self._position == len(self._chunk):
                self._refill()
            start = self._position
            self._position = min(start + self._content_left, len(self._chunk))
            self._content_left -= self._position - start
            yield memoryview(self._chunk)[start : self._position]

    def skip_content(self) -> None:
        """Pass over what nobody took of the content, and what fills its last block."""
        for _ in self._iter_content(self._turn):
            pass
        if self.read(self._padding).strip(b"\0"):
            raise InvalidTarError("something is hidden behind the content of a file")
        self._padding = 0

    def require_zeros(self) -> None:
        """Read to the end of the stream, which is full blocks of zeros."""
        size = 0
        for chunk in itertools.chain([self._chunk[self._position :]], self._chunks):
            if chunk.count(0) != len(chunk):
                raise InvalidTarError("something follows behind its end")
            size += len(chunk)
        if size % BLOCK_BYTES:
            raise InvalidTarError("it ends within a block")


def _iter_headers(stream: _Stream, extended: bool) -> Iterator[TarHeader]:
    """The headers up to the two empty blocks that end an archive, long names and targets put where they belong."""
    long: dict[TarKind, bytes] = {}
    for _ in range(MAX_MEMBERS):
        block = stream.read(BLOCK_BYTES)
        if block == END:
            break
        header = parse_header(block)
        if header.kind in LONG:
            _read_long(stream, header, long)
            continue
        if header.kind in PAX:
            _read_pax(stream, header, long, extended)
            continue
        if long:
            name, target = long.pop(TarKind.LONG_NAME, header.name), long.pop(TarKind.LONG_TARGET, header.target)
            header = header._replace(name=name, target=target)
        yield header
    else:
        raise InvalidTarError(f"it has more than {MAX_MEMBERS} members")
    if long or stream.read(BLOCK_BYTES) != END:
        raise InvalidTarError("it does not end as an archive does")


def _read_long(stream: _Stream, header: TarHeader, long: dict[TarKind, bytes]) -> None:
    """Take the content of a header that only says the name or the target of the next one."""
    if header.kind in long or not 1 < header.size <= MAX_PATH_BYTES + 1:
        raise InvalidTarError("a long name is said twice, or is empty or too long")
    text = b"".join(stream.begin_content(header.size))
    stream.skip_content()
    if text.find(b"\0") != len(text) - 1:
        raise InvalidTarError(f"{text!r} does not end as a long name does")
    long[header.kind] = text[:-1]


def _read_pax(stream: _Stream, header: TarHeader, long: dict[TarKind, bytes], extended: bool) -> None:
    """Take what a pax header says of the name and the target of the next member."""
    if not extended:
        raise InvalidTarError(f"{header.name!r} is pax attributes")
    if not 0 < header.size <= MAX_PAX_BYTES:
        raise InvalidTarError("a pax header is empty or too long")
    content = b"".join(stream.begin_content(header.size))
    stream.skip_content()
    from devenv.build.pax_header import parse_pax

    found = parse_pax(content, is_global=header.kind is TarKind.GLOBAL_PAX)
    if long.keys() & found.keys():
        raise InvalidTarError("a long name is said twice, or is empty or too long")
    long.update(found)


class _Tree:
    """What the archive has told so far, by the text of the paths."""

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget
        self._directories = {b"": False}
        """With whether it had a member of its own, and not only members below it."""
        self._files: dict[bytes, bytes] = {}
        """With the path of the member that has the content."""
        self._links: set[bytes] = set()
        self._path_bytes = 0
        self._content_bytes = 0

    def add_directory(self, path: NodePath) -> None:
        text = self._enter(path)
        if self._directories.get(text) or text in self._files or text in self._links:
            raise _twice(text)
        self._directories[text] = True

    def add_symlink(self, path: NodePath, target: bytes) -> None:
        self._links.add(self._require_new(path))
        self._count(target)

    def add_file(self, path: NodePath, size: int) -> None:
        text = self._require_new(path)
        self._files[text] = text
        self._content_bytes += size
        if self._content_bytes > MAX_BYTES:
            raise InvalidTarError(f"it would unpack to more than {MAX_BYTES} bytes")
        if self._budget is not None:
            self._budget.take(content_bytes=size)

    def add_hard_link(self, path: NodePath, target: bytes) -> NodePath:
        """The path of the member that has the content."""
        content = self._files.get(b"/".join(parse_path(target)))
        if content is None:
            raise InvalidTarError(f"{b'/'.join(path)!r} is another name of {target!r}, which is no file before it")
        self._files[self._require_new(path)] = content
        return tuple(content.split(b"/"))

    def _require_new(self, path: NodePath) -> bytes:
        text = self._enter(path)
        if text in self._directories or text in self._files or text in self._links:
            raise _twice(text)
        return text

    def _enter(self, path: NodePath) -> bytes:
        """The path's text. Raises InvalidTarError where it lies below anything but directories."""
        text = b"/".join(path)
        if self._budget is not None:
            self._budget.take(members=1)
        self._count(text)
        parent = text.rpartition(b"/")[0]
        # Whatever is above a known directory is known as well.
        while parent not in self._directories:
            if parent in self._files or parent in self._links:
                raise InvalidTarError(f"{text!r} lies below what is no directory")
            self._count(parent)
            self._directories[parent] = False
            parent = parent.rpartition(b"/")[0]
        return text

    def _count(self, text: bytes) -> None:
        self._path_bytes += len(text)
        if self._path_bytes > MAX_PATHS_BYTES:
            raise InvalidTarError(f"its paths have more than {MAX_PATHS_BYTES} bytes together")
        if self._budget is not None:
            self._budget.take(path_bytes=len(text))


def _twice(text: bytes) -> InvalidTarError:
    return InvalidTarError(f"{text!r} is in it twice")


def _make_member(header: TarHeader, tree: _Tree, stream: _Stream) -> TarMember:
    name, kind, executable, size, target = header
    path = parse_path(name)
    if name.endswith(b"/") and kind is not TarKind.DIRECTORY:
        raise InvalidTarError(f"{name!r} is no directory and called like one")
    if (size and kind is not TarKind.FILE) or (target and kind in {TarKind.FILE, TarKind.DIRECTORY}):
        raise InvalidTarError(f"{name!r} has a content or a target that its kind has not")
    if kind is TarKind.FILE:
        tree.add_file(path, size)
        return TarMember(path, kind, executable, size, stream.begin_content(size))
    if kind is TarKind.DIRECTORY:
        tree.add_directory(path)
        return TarMember(path, kind)
    if kind is TarKind.HARD_LINK:
        return TarMember(path, kind, executable, link=tree.add_hard_link(path, target))
    if not is_target(target):
        raise InvalidTarError(f"{name!r} is a link that leads nowhere")
    tree.add_symlink(path, target)
    return TarMember(path, kind, target=target)
