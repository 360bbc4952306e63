"""Objects to put into stores: made of trees, named and referring to each other as a test wants it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from devenv.fsutil import delete_tree
from devenv.store.adding import Output
from devenv.store.collection import CollectionRequest, Roots
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.trees import Tree, iter_tree_nodes

SCRATCH = "0123456789abcdfghijklmnpqrsvwxyz"
"""How objects call themselves while they are made."""
KEY = "blake3:" + "a" * 64


def output(tree: Tree, name: str = "thing", *candidates: StorePath) -> Output:
    """What `Store.add` takes: `tree`, which may refer to `candidates`."""
    return Output(iter_tree_nodes(tree), name, SCRATCH, frozenset(candidates))


def add_naming(store: Store, name: str, *references: StorePath, content: bytes = b"") -> StorePath:
    """Add an object that refers to `references` and to itself, with `content` in a file beside."""
    own = os.fsencode(store.root) + b"/" + SCRATCH.encode() + b"-" + name.encode()
    lines = b"\n".join([own, *(os.fsencode(store.path(each)) for each in references)])
    return store.add(output({b"content": content, b"name": name.encode(), b"uses": lines}, name, *references))


def roots(*paths: StorePath, dry_run: bool = False, max_freed: int | None = None) -> CollectionRequest:
    """A request to collect what `paths` do not keep."""
    return CollectionRequest(lambda: Roots(frozenset(paths)), dry_run=dry_run, max_freed=max_freed)


def lose(store: Store, path: StorePath) -> None:
    """Delete an object's files behind the database's back."""
    delete_tree(store.path(path))


def damage(place: Path, content: bytes = b"damaged") -> None:
    """Change a file of the store in place, as a person who makes it writable can (FAULTS B-14)."""
    place.chmod(0o644)
    place.write_bytes(content)
    place.chmod(0o444)


def empty_index(database: Path, index: str) -> None:
    """Take all entries from an index of a SQLite file, as a write to the wrong place of the disk may."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    # A leaf of an index (type 10) without entries, whose content area begins at its end.
    empty = b"\x0a" + bytes(4) + size.to_bytes(2, "big") + bytes(size - 7)
    with open(database, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(empty)
