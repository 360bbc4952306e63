"""Files of a project as inputs of builds: patches, sources of packages, the project itself.

They become objects when a build is planned, so that a build reads exactly what was hashed. In the graph such an object
stands as a derivation `source/1` that is fixed by its output: what made it is nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterable

from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.nar.nodes import Node
from devenv.store.adding import Output
from devenv.store.store import Store
from devenv.store_path import StorePath

SOURCE_BUILDER = "source/1"
NO_SCRATCH = "0" * 32
"""A project's files do not know their own path in the store."""


def source_derivation(path: StorePath) -> Derivation:
    """What stands for an object in a graph. It is the same for every system."""
    return Derivation(path.name, "any", SOURCE_BUILDER, output_hash=str(path))


def add_source(store: Store, name: str, nodes: Iterable[Node]) -> StorePath:
    """Make an object called `name` of a project's files, known as the output of its derivation."""
    path = store.add(Output(nodes, name, NO_SCRATCH))
    store.register_realisation(source_derivation(path).key, MAIN_OUTPUT, path)
    return path
