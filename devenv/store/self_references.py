"""Gives an object its own name: puts the final digest where the scratch digest stood while it was written.

The digest has the same length and the content address does not depend on it (FORMATS.md 1.4), so this can happen after
hashing, in the places that hashing found.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.nar.nodes import NodePath, Symlink
from devenv.store.tree import DIRECTORY_MODE, NORMAL_TIMES, iter_tree


@dataclass(frozen=True, slots=True)
class FileSpan:
    """Where in the archive the `size` bytes of the file at `path` begin."""

    start: int
    size: int
    path: NodePath


@dataclass(frozen=True, slots=True)
class SelfReferences:
    """At which `offsets` of the archive the tree names itself, and the `files` in it; both in the archive's order."""

    offsets: Sequence[int]
    files: Sequence[FileSpan]


def write_self_references(tree: Path, references: SelfReferences, scratch: str, final: str) -> None:
    """Replace the digest `scratch` by `final` in the files and links of the normalised tree at `tree`."""
    offsets: dict[FileSpan, list[int]] = {}
    in_links = False
    for offset in references.offsets:
        index = bisect.bisect_right(references.files, offset, key=lambda file: file.start) - 1
        file = references.files[max(index, 0)] if references.files else None
        if file is not None and file.start <= offset < file.start + file.size:
            offsets.setdefault(file, []).append(offset - file.start)
        else:
            in_links = True
    for file, places in offsets.items():
        _write_at(os.path.join(os.fsencode(tree), *file.path), places, final.encode())
    if in_links:
        _replace_in_links(tree, scratch.encode(), final.encode())


def _write_at(path: bytes, offsets: Sequence[int], data: bytes) -> None:
    mode = os.stat(path, follow_symlinks=False).st_mode & 0o777
    os.chmod(path, 0o600)
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for offset in offsets:
            os.pwrite(descriptor, data, offset)
        os.fchmod(descriptor, mode)
        os.utime(descriptor, ns=NORMAL_TIMES)
    finally:
        os.close(descriptor)


def _replace_in_links(tree: Path, scratch: bytes, final: bytes) -> None:
    links = [node for node in iter_tree(tree) if isinstance(node, Symlink) and scratch in node.target]
    for link in links:
        place = os.path.join(os.fsencode(tree), *link.path)
        if link.path:
            os.chmod(os.path.dirname(place), 0o700)
        os.unlink(place)
        os.symlink(link.target.replace(scratch, final), place)
        os.utime(place, ns=NORMAL_TIMES, follow_symlinks=False)
        if link.path:
            os.chmod(os.path.dirname(place), DIRECTORY_MODE)
            os.utime(os.path.dirname(place), ns=NORMAL_TIMES)
