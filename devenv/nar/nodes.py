"""The entries of a file tree, in the order in which an archive holds them.

A tree is an iterable of nodes: its root first (path `()`), a directory before what it holds, names in one directory in
the order of their bytes. Builders and the reader make such streams, the store writes, hashes and scans them in one
pass. What a name, a target and a size may be stands here, once for who writes archives and who reads them.

Nodes are msgspec structs and no dataclasses: a tree of ten thousand files makes as many, in an eighth of the time, and
the garbage collector need not look at them (a node never holds what holds it).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

NodePath = tuple[bytes, ...]
"""Names from the root of the tree; `()` is the root itself."""

MAX_NAME_BYTES = 255
MAX_TARGET_BYTES = 4095
MAX_FILE_BYTES = (1 << 63) - 1
"""What an offset in a file can count to."""
MAX_DEPTH = 64
"""As in Nix's own reader (`narMaxDepth`): deeper trees could be made but not unpacked."""


class Directory(Struct, frozen=True, gc=False):
    """A directory; what it holds follows."""

    path: NodePath


class File(Struct, frozen=True, gc=False):
    """A regular file of `size` bytes, which `content` yields in pieces (read once, at its turn)."""

    path: NodePath
    executable: bool
    size: int
    content: Iterable[bytes]


class Symlink(Struct, frozen=True, gc=False):
    """A symbolic link; `target` is stored as it is and never followed."""

    path: NodePath
    target: bytes


Node = Directory | File | Symlink


_SLASH = ord("/")
_NUL = 0
"""Numbers, because looking for one in bytes takes a third of the time that bytes in bytes take."""


def is_name(name: bytes) -> bool:
    """Whether an entry of a directory may be called so: one step down, on every system."""
    return 0 < len(name) <= MAX_NAME_BYTES and name not in {b".", b".."} and _SLASH not in name and _NUL not in name


def is_target(target: bytes) -> bool:
    """Whether a link may point there: with NUL in it, the disk would hold another target than was hashed."""
    return 0 < len(target) <= MAX_TARGET_BYTES and _NUL not in target
