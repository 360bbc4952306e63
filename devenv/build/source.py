"""Files of a project as inputs of builds: patches, sources of packages, the project itself.

They become objects when a build is planned, so that a build reads exactly what was hashed. In the graph such an object
stands as a derivation `source/1` that is fixed by its output: what made it is nobody's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from devenv.build.records import record_derivation
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.nar.nodes import Node
from devenv.store.adding import Output
from devenv.store.hashing import hash_nodes
from devenv.store.store import Store
from devenv.store_path import StorePath

SOURCE_BUILDER = "source/1"
NO_SCRATCH = "0" * 32
"""A project's files do not know their own path in the store."""

ReadNodes = Callable[[], Iterable[Node]]


def source_derivation(path: StorePath) -> Derivation:
    """What stands for an object in a graph. It is the same for every system."""
    return Derivation(path.name, "any", SOURCE_BUILDER, output_hash=str(path))


def find_source(store: Store, name: str, read: ReadNodes) -> StorePath:
    """The object called `name` that files of a project are, in the store or not."""
    return hash_nodes(store, name, read(), NO_SCRATCH)


def add_source(store: Store, name: str, read: ReadNodes) -> StorePath:
    """Make an object called `name` of a project's files, known as the output of its derivation.

    What is in the store already is not written again: reading it is cheap, and most builds come of small changes.
    """
    path = find_source(store, name, read)
    store.keep([path])
    if not store.is_valid(path):
        path = store.add(Output(read(), name, NO_SCRATCH))
    derivation = source_derivation(path)
    if store.find_realisation(derivation.key, MAIN_OUTPUT) is None:
        record_derivation(store.layout, derivation)
        store.register_realisation(derivation.key, MAIN_OUTPUT, path)
    return path
