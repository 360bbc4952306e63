"""Says what object a tree would be, without writing it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from devenv.nar.nodes import File, Node
from devenv.nar.writer import NarWriter
from devenv.store.address import AddressHasher
from devenv.store.store import Store
from devenv.store_path import StorePath


def hash_nodes(store: Store, name: str, nodes: Iterable[Node], scratch: str) -> StorePath:
    """The path that the tree would have in the store. Raises as `Store.add` does, but for what the disk does."""
    hasher = AddressHasher(os.fsencode(store.root), scratch)
    archive = NarWriter(hasher.update)
    try:
        for node in nodes:
            archive.begin(node)
            if isinstance(node, File):
                for piece in node.content:
                    archive.write(piece)
                archive.end_file()
        archive.finish()
        return StorePath(hasher.finish(), name)
    finally:
        hasher.abandon()
