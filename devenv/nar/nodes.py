"""The entries of a file tree, in the order in which an archive holds them.

A tree is an iterable of nodes: its root first (path `()`), a directory before what it holds, names in one directory in
the order of their bytes. Builders make such streams, the store writes, hashes and scans them in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

NodePath = tuple[bytes, ...]
"""Names from the root of the tree; `()` is the root itself."""

MAX_NAME_BYTES = 255
MAX_TARGET_BYTES = 4095
MAX_FILE_BYTES = (1 << 63) - 1
"""What an offset in a file can count to."""
MAX_DEPTH = 64
"""As in Nix's own reader (`narMaxDepth`): deeper trees could be made but not unpacked."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory; what it holds follows."""

    path: NodePath


@dataclass(frozen=True, slots=True)
class File:
    """A regular file of `size` bytes, which `content` yields in pieces (read once, at its turn)."""

    path: NodePath
    executable: bool
    size: int
    content: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Symlink:
    """A symbolic link; `target` is stored as it is and never followed."""

    path: NodePath
    target: bytes


Node = Directory | File | Symlink
