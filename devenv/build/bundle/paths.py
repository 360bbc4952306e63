"""Where a path of Debian's archives lies in a bundle, and what of them is left out.

All releases get the layout of the newer ones, in which `/bin`, `/sbin` and the `/lib` directories are links to those
below `/usr` (merged-/usr): packages of one release may mix both, and a path must mean one thing.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Collection, Sequence

MERGED = {name: b"usr/" + name for name in (b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32")}
"""Top-level directory → where it lies."""

PROGRAM_DIRECTORIES = (b"usr/bin", b"usr/sbin", b"usr/games")

OF_A_MACHINE = (b"dev", b"proc", b"run", b"sys", b"tmp", b"var/lock", b"var/run", b"var/tmp")
"""What a running machine has, and no package."""

DOCUMENTATION = tuple(
    b"usr/share/" + name for name in (b"doc-base", b"info", b"gtk-doc", b"lintian", b"bug", b"menu", b"apport")
)
DOCUMENTS = b"usr/share/doc/"
LOCALES = (b"usr/share/locale", b"usr/share/i18n")


def merged(path: bytes) -> bytes:
    """`lib/x` → `usr/lib/x`; a path that lies elsewhere as it is."""
    first, slash, rest = path.partition(b"/")
    return MERGED.get(first, first) + slash + rest


def clean(path: bytes) -> bytes:
    """A path, absolute or from the top of the tree, in its one spelling: `/lib//x/../y` → `usr/lib/y`."""
    return merged(posixpath.normpath(b"/" + path).lstrip(b"/"))


def parent(path: bytes) -> bytes:
    """The directory that holds it; empty for what stands at the top."""
    return path.rpartition(b"/")[0]


def name_of(path: bytes) -> bytes:
    """The last name."""
    return path.rpartition(b"/")[2]


def relative(goal: bytes, directory: bytes) -> bytes:
    """How a link in `directory` leads to `goal`."""
    return posixpath.relpath(b"/" + goal, b"/" + directory)


class Selection:
    """Which paths of the archives (as they stand there) come into the tree."""

    def __init__(self, keep: Collection[str], remove: Sequence[str]) -> None:
        """`keep` and `remove` as in the arguments."""
        left_out = list(OF_A_MACHINE)
        left_out += [] if "documentation" in keep else DOCUMENTATION
        left_out += [] if "locales" in keep else LOCALES
        self._left_out = tuple(directory + b"/" for directory in left_out)
        self._documents = "documentation" in keep
        self._remove = Patterns(remove)

    def __call__(self, path: bytes) -> bool:
        """Whether it is wanted."""
        path = merged(path)
        if path.startswith(self._left_out) or self._remove.match_within(path):
            return False
        # What is passed on must carry its licence. Some packages' directory of documents is a link to another's.
        is_document = path.startswith(DOCUMENTS) and not self._documents
        return not is_document or path.count(b"/") == DOCUMENTS.count(b"/") or name_of(path) == b"copyright"


class Patterns:
    """Shell patterns for paths in the tree."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """`*` passes slashes."""
        texts = [fnmatch.translate(merged(each.strip("/").encode()).decode()) for each in patterns]
        self._has_some = bool(texts)
        self._pattern = re.compile("|".join(texts) or r"(?!)")

    def match(self, path: bytes) -> bool:
        """Whether one of them matches the path."""
        return self._pattern.fullmatch(path.decode("utf-8", "surrogateescape")) is not None

    def match_within(self, path: bytes) -> bool:
        """Whether one of them matches the path or a directory above it."""
        if not self._has_some:
            return False
        names = path.split(b"/")
        return any(self.match(b"/".join(names[:length])) for length in range(1, len(names) + 1))
