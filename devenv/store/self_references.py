"""Gives an object its own name: puts the final digest where the scratch digest stood while it was written.

The digest has the same length and the content address does not depend on it (FORMATS.md 1.4), so this can happen after
hashing, in the places that hashing found. A file that changes becomes a new inode: the old one may be shared with other
objects by then.
"""

from __future__ import annotations

import bisect
import contextlib
import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from devenv.fault_points import fault_point
from devenv.fsutil import temporary_name
from devenv.nar.nodes import NodePath, Symlink
from devenv.store.links import NORMAL_TIMES, OPEN_FILE, READ_BYTES
from devenv.store.tree import CREATE, DIRECTORY_MODE, OPEN_REAL_DIRECTORY, iter_tree, normalise, write_all

REMEMBERED_FILES = 4096
"""How many files are remembered before those are dropped in which nothing was found: memory stays bounded."""


class FileSpan(Struct, frozen=True, gc=False):
    """Where in the archive the `size` bytes of the file at `path` begin."""

    start: int
    size: int
    path: NodePath


class FileSpans:
    """Remembers, while an archive is written, the files in which it names itself, at `offsets` (still growing)."""

    def __init__(self, offsets: array[int]) -> None:
        self._offsets = offsets
        self._recent: list[FileSpan] = []
        self._found: list[FileSpan] = []

    def add(self, span: FileSpan, scanned: int) -> None:
        """Remember `span`, which comes behind those before it; all offsets before `scanned` are known."""
        self._recent.append(span)
        if len(self._recent) >= REMEMBERED_FILES:
            self._settle(scanned)

    def _settle(self, scanned: int) -> None:
        settled = bisect.bisect_right(self._recent, scanned, key=lambda span: span.start + span.size)
        self._found += (span for span in self._recent[:settled] if self._places(span))
        del self._recent[:settled]

    def _places(self, span: FileSpan) -> list[int]:
        first = bisect.bisect_left(self._offsets, span.start)
        last = bisect.bisect_left(self._offsets, span.start + span.size)
        return [offset - span.start for offset in self._offsets[first:last]]

    def iter_places(self) -> Iterator[tuple[NodePath, list[int]]]:
        """Each file with the offsets in it. Call it when all offsets are known."""
        for span in (*self._found, *self._recent):
            if places := self._places(span):
                yield span.path, places


def write_self_references(tree: Path, spans: FileSpans, count: int, scratch: str, final: str) -> None:
    """Replace the digest `scratch`, which stands in `count` places, by `final` in the normalised tree at `tree`."""
    for path, places in spans.iter_places():
        _patch_file(os.path.join(os.fsencode(tree), *path), places, final.encode())
        count -= len(places)
    if count:
        # What is in no file is in the target of a link: names were refused.
        _patch_links(tree, scratch.encode(), final.encode())


def _patch_file(place: bytes, offsets: Sequence[int], data: bytes) -> None:
    directory, name = os.path.split(place)
    temporary = temporary_name()
    with _writable(directory) as parent:
        source = os.open(name, OPEN_FILE, dir_fd=parent)
        try:
            fault_point("self-references.file")
            target = os.open(temporary, CREATE, 0o600, dir_fd=parent)
            with contextlib.ExitStack() as unfinished:
                unfinished.callback(os.close, target)
                while piece := os.read(source, READ_BYTES):
                    write_all(target, piece)
                for offset in offsets:
                    os.pwrite(target, data, offset)
                unfinished.pop_all()
            normalise(target, os.fstat(source).st_mode & 0o777)
        finally:
            os.close(source)
        os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)


def _patch_links(tree: Path, scratch: bytes, final: bytes) -> None:
    links = [node for node in iter_tree(tree) if isinstance(node, Symlink) and scratch in node.target]
    for link in links:
        directory, name = os.path.split(os.path.join(os.fsencode(tree), *link.path))
        with _writable(directory) as parent:
            fault_point("self-references.link")
            os.unlink(name, dir_fd=parent)
            os.symlink(link.target.replace(scratch, final), name, dir_fd=parent)
            os.utime(name, ns=NORMAL_TIMES, dir_fd=parent, follow_symlinks=False)


@contextlib.contextmanager
def _writable(directory: bytes) -> Iterator[int]:
    """The directory, open and writable for as long as this lasts.

    The store's root, in which a tree of a single file lies, is writable already and stays as it is.
    """
    descriptor = os.open(directory, OPEN_REAL_DIRECTORY)
    mode = os.fstat(descriptor).st_mode & 0o777
    if mode != DIRECTORY_MODE:
        try:
            yield descriptor
        finally:
            os.close(descriptor)
        return
    os.fchmod(descriptor, 0o700)
    try:
        yield descriptor
    finally:
        normalise(descriptor, DIRECTORY_MODE)
