"""Checks objects against their names: the store verifies itself (DESIGN section 2)."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import StoreError
from devenv.nar.writer import NarWriter
from devenv.store.address import AddressHasher
from devenv.store.tree import iter_tree
from devenv.store_path import StorePath


@dataclass(frozen=True, slots=True)
class Examined:
    """What an object is by its content: the digest that it should have, the bytes of its NAR, what it refers to.

    `references` are the candidates that were found; `named` the digests behind a store root, whatever they belong to.
    """

    digest: str
    size: int
    references: frozenset[str]
    named: frozenset[str]


def examine(root: Path, path: StorePath, candidates: Collection[str] = ()) -> Examined:
    """Read the object `path` of the store at `root`, and look for the digests `candidates` in it.

    Raises StoreError (`special-file`, `tree-invalid`, `canonical-root-found`) on what no object can hold, and OSError.
    """
    hasher = AddressHasher(os.fsencode(root), path.digest, candidates)
    archive = NarWriter(hasher.update)
    try:
        for node in iter_tree(root / str(path)):
            archive.add(node)
        size = archive.finish()
        digest = hasher.finish()
    except ValueError as error:
        raise StoreError(f"`{path}` is not what an object can be: {error}", slug="tree-invalid") from error
    finally:
        hasher.abandon()
    return Examined(digest, size, frozenset(hasher.references), frozenset(hasher.named))


def is_intact(root: Path, path: StorePath) -> bool:
    """Whether what lies at `path` has the content that its name says."""
    try:
        return examine(root, path).digest == path.digest
    except (OSError, StoreError):
        return False
