"""A tar archive as a tree, through the project's own reader (FAULTS H-09, I-01 to I-08).

Where the archive holds one directory and nothing else, as those of releases do, the tree is what is in it. Directories
without files are left out, as git has none either; a hard link is a file of its own.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from devenv.build.assemble import Entry, NewFile, NewLink, iter_nodes
from devenv.build.tar_archive import iter_tar_members
from devenv.build.tar_header import InvalidTarError, TarKind
from devenv.compression import Compression, InvalidStreamError, iter_decompressed, limit_of
from devenv.errors import BuildError, FetchError
from devenv.manifest.locators import TreeLocator
from devenv.nar.nodes import Node, NodePath

READ_BYTES = 1 << 20
ENDINGS = {".gz": Compression.GZIP, ".tgz": Compression.GZIP, ".xz": Compression.XZ, ".txz": Compression.XZ,
           ".zst": Compression.ZSTD, ".tar": Compression.NONE}  # fmt: skip


def iter_archive(path: Path, locator: TreeLocator, spool: int) -> Iterator[Node]:
    """The nodes of the archive at `path`, or those of the locator's directory in it.

    `spool` is the descriptor of an empty file, which takes the contents: an archive's order is not that of a tree.
    Raises BuildError (`archive-invalid`), FetchError (`input-directory-missing`).
    """
    try:
        entries = _read_entries(path, locator, spool)
    except (InvalidStreamError, InvalidTarError) as error:
        raise BuildError(
            f"the archive of `{locator}` is not accepted: {error}",
            hint="look at what the address has; pax, GNU and plain tar archives of files, directories and links do",
            slug="archive-invalid",
        ) from error
    entries = _strip_top(entries)
    if locator.directory is not None:
        entries = _select(entries, tuple(os.fsencode(locator.directory).split(b"/")))
        if not entries:
            raise FetchError(
                f"the archive of `{locator}` has no directory `{locator.directory}`",
                hint="look at `dir=` in the locator",
                slug="input-directory-missing",
            )
    return iter_nodes(entries)


def _read_entries(path: Path, locator: TreeLocator, spool: int) -> dict[NodePath, Entry]:
    entries: dict[NodePath, Entry] = {}
    end = 0
    ending = "." + locator.address.rpartition(".")[2]
    with path.open("rb") as file:
        chunks = iter(functools.partial(file.read, READ_BYTES), b"")
        limit = limit_of(os.fstat(file.fileno()).st_size)
        for member in iter_tar_members(iter_decompressed(chunks, ENDINGS[ending], limit), extended=True):
            if member.kind is TarKind.SYMLINK:
                entries[member.path] = NewLink(member.target or b"")
            elif member.kind is TarKind.HARD_LINK:
                entries[member.path] = entries[member.link or ()]
            elif member.kind is TarKind.FILE:
                size = _copy(member.content, spool)
                entries[member.path] = NewFile(member.executable, size, functools.partial(_read, spool, end, size))
                end += size
    return entries


def _copy(content: Iterable[memoryview], spool: int) -> int:
    size = 0
    for piece in content:
        rest = piece
        while rest:
            rest = rest[os.write(spool, rest) :]
        size += len(piece)
    return size


def _read(spool: int, start: int, size: int) -> Iterator[bytes]:
    end = start + size
    while start < end:
        piece = os.pread(spool, min(READ_BYTES, end - start), start)
        if not piece:
            raise OSError("a temporary file is shorter than what was written to it")
        start += len(piece)
        yield piece


def _strip_top(entries: dict[NodePath, Entry]) -> dict[NodePath, Entry]:
    tops = {path[0] for path in entries}
    if len(tops) != 1 or any(len(path) == 1 for path in entries):
        return entries
    return {path[1:]: entry for path, entry in entries.items()}


def _select(entries: dict[NodePath, Entry], directory: NodePath) -> dict[NodePath, Entry]:
    length = len(directory)
    return {path[length:]: each for path, each in entries.items() if path[:length] == directory and len(path) > length}
