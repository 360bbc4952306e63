"""Where the tree will lie: what paths in texts, wrappers and interpreters begin with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from devenv.build.bundle.paths import clean

TOP = b"root"
"""The tree's directory in the object."""


@dataclass(frozen=True, slots=True)
class Place:
    """The path of the object."""

    out: Path

    @property
    def root(self) -> bytes:
        """The path of the tree."""
        return os.fsencode(self.out) + b"/" + TOP

    def of(self, path: bytes) -> bytes:
        """The path of something in the tree."""
        return self.root + b"/" + path

    def expand(self, text: str) -> bytes:
        """The text with `{root}` and `{out}` as they are."""
        return text.encode().replace(b"{root}", self.root).replace(b"{out}", os.fsencode(self.out))


def in_object(path: bytes) -> bytes:
    """`usr/bin/git`, a path in the tree → `root/usr/bin/git`, one in the object."""
    return TOP + b"/" + path


def find_in_tree(path: bytes) -> bytes | None:
    """The inverse of `in_object`, in the path's one spelling; None for what lies outside of the tree."""
    return clean(path[len(TOP) + 1 :]) if path.startswith(TOP + b"/") else None
