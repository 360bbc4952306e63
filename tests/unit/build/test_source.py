"""Files of a project as objects: what is hashed is what is added, and what is known is not written again."""

from __future__ import annotations

import os
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings

from devenv.build.records import read_document
from devenv.build.source import SOURCE_BUILDER, add_source, find_source, source_derivation
from devenv.nar.nodes import Node
from devenv.store.store import Store
from tests.trees import SMALL, Tree, iter_tree_nodes, trees


def test_found_and_added_alike(store: Store) -> None:
    """Looking what an object would be writes nothing; adding it makes just that, known as its derivation's output."""
    found = find_source(store, "source", lambda: iter_tree_nodes(SMALL))
    assert os.listdir(store.root) == []
    added = add_source(store, "source", lambda: iter_tree_nodes(SMALL))
    assert added == found
    assert store.is_valid(added)
    assert store.find_realisation(source_derivation(added).key, "out") == added


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(trees())
def test_any_tree_is_found_as_it_is_added(store: Store, tree: Tree) -> None:
    """The hash without writing and that of the object are the same for every tree."""
    assert find_source(store, "x", lambda: iter_tree_nodes(tree)) == add_source(
        store, "x", lambda: iter_tree_nodes(tree)
    )


def test_known_sources_are_read_once_and_not_written(store: Store) -> None:
    """What is in the store is only read, and only once: most builds come of small changes."""
    reads = list[int]()

    def read() -> Iterator[Node]:
        reads.append(1)
        return iter_tree_nodes(SMALL)

    path = add_source(store, "source", read)
    assert len(reads) == 2
    inode = store.path(path).stat().st_ino
    assert add_source(store, "source", read) == path
    assert len(reads) == 3
    assert store.path(path).stat().st_ino == inode


def test_derivation(store: Store) -> None:
    """What stands for files in a graph names their object, for every system, and is remembered to be compared."""
    path = add_source(store, "fix.patch", lambda: iter_tree_nodes(b"patch"))
    derivation = source_derivation(path)
    assert (derivation.name, derivation.system, derivation.builder) == ("fix.patch", "any", SOURCE_BUILDER)
    assert derivation.output_hash == str(path)
    document = read_document(store.layout, derivation.key)
    assert document is not None
    assert document["output_hash"] == str(path)
    other = add_source(store, "fix.patch", lambda: iter_tree_nodes(b"other"))
    assert source_derivation(other) != derivation
