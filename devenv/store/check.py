"""Checks objects against their names: the store verifies itself (DESIGN section 2)."""

from __future__ import annotations

import os
from pathlib import Path

from devenv.errors import StoreError
from devenv.nar.writer import NarWriter
from devenv.store.address import AddressHasher
from devenv.store.tree import iter_tree
from devenv.store_path import StorePath


def compute_address(root: Path, path: StorePath) -> str:
    """The digest that the object at `path` should have by its content: equal to its own where it is intact.

    Raises StoreError (`special-file`, `tree-invalid`, `canonical-root-found`) on what no object can hold, and OSError.
    """
    hasher = AddressHasher(os.fsencode(root), path.digest)
    archive = NarWriter(hasher.update)
    try:
        for node in iter_tree(root / str(path)):
            archive.add(node)
        archive.finish()
    except ValueError as error:
        raise StoreError(f"`{path}` is not what an object can be: {error}", slug="tree-invalid") from error
    return hasher.finish()


def is_intact(root: Path, path: StorePath) -> bool:
    """Whether what lies at `path` has the content that its name says."""
    try:
        return compute_address(root, path) == path.digest
    except (OSError, StoreError):
        return False
