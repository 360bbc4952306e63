"""One piece of work on a store in a process of its own, as a command of devenv would do it.

`python -m tests.bench.store_worker HOME RESULT WORK [ARGUMENT…]` leaves in the file RESULT how many seconds the work
itself took, from opening the store to closing it. The process from its start to its end is timed by who starts it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import devenv.store.adding
import devenv.store.write_behind
from devenv.digest import NIX32_ALPHABET, nix32_encode
from devenv.events import ignore
from devenv.nar.nodes import Node
from devenv.settings import Settings, default_settings
from devenv.store.adding import Output
from devenv.store.check import examine
from devenv.store.database import Registration
from devenv.store.store import Store
from devenv.store.tree import iter_tree
from devenv.store_path import StorePath, parse_store_path

SCRATCH = NIX32_ALPHABET
"""As long as a digest, and in none of the trees."""
MANY, TENTH = 10_000, 1_000
"""Small objects."""


def main() -> None:
    """Do what the command line says."""
    home, result, work, *arguments = sys.argv[1:]
    settings = default_settings(Path(home))
    started = time.perf_counter()
    WORKS[work](settings, *arguments)
    Path(result).write_text(repr(time.perf_counter() - started))


def make_inputs(_: Settings, tree: str, many: str, tenth: str) -> None:
    """Make what the others are given: a tree, and directories of `MANY` and `TENTH` small files.

    Not where the measuring is done: to the system, memory that a process needed before it started another counts as
    the other's as well.
    """
    from tests.bench.made_tree import write_small_files, write_tree

    write_tree(Path(tree))
    write_small_files(Path(many), MANY)
    write_small_files(Path(tenth), TENTH)


def hash_tree(_: Settings, tree: str) -> None:
    """Hash the tree of an object, whatever its name says."""
    place = Path(tree)
    examine(place.parent, parse_store_path(place.name))


def add_tree(settings: Settings, tree: str) -> None:
    """Add a tree."""
    with Store(settings) as store:
        store.add(_output(iter_tree(Path(tree)), "tree"))


def add_tree_unsynchronised(settings: Settings, tree: str) -> None:
    """Add a tree as Nix does, which leaves it to the system when the files reach the disk."""
    _nothing_is_synchronised()
    add_tree(settings, tree)


def _nothing_is_synchronised() -> None:
    for name in ("sync_trees", "sync_directory"):
        setattr(devenv.store.adding, name, lambda _: None)
    devenv.store.write_behind.EVERY_BYTES = sys.maxsize


def add_small(settings: Settings, directory: str) -> None:
    """Add each file of a directory as an object."""
    files = sorted(Path(directory).iterdir())
    with Store(settings) as store:
        for _ in store.add_all(_output(iter_tree(file), file.name) for file in files):
            pass


def add_made(settings: Settings) -> None:
    """Add a large tree that is made on the way."""
    from tests.bench.made_tree import iter_memory_nodes

    with Store(settings) as store:
        store.add(_output(iter_memory_nodes(), "made"))


def _output(nodes: Iterable[Node], name: str) -> Output:
    return Output(nodes, name, SCRATCH)


def verify(settings: Settings) -> None:
    """Verify everything."""
    from devenv.store.verification import verify_store

    with Store(settings) as store:
        findings = verify_store(store, ignore).findings
    if findings:
        raise SystemExit(f"not intact: {findings}")


def collect(settings: Settings) -> None:
    """Collect everything."""
    from devenv.store.collection import CollectionRequest, Roots
    from devenv.store.collection import collect as collect_store

    with Store(settings) as store:
        collection = collect_store(store, CollectionRequest(lambda: Roots(frozenset())), ignore)
    if collection.failures or not collection.dead:
        raise SystemExit(f"not collected: {collection.failures}")


def make_closure(settings: Settings, count: str) -> None:
    """Register `count` objects that do not exist, the first of which refers to all others."""
    with Store(settings) as store:
        store.database.register(list(iter_registrations(int(count))))


def iter_registrations(count: int) -> Iterator[Registration]:
    """A binary tree of made-up objects in which each also refers to the one behind it; the first is its top."""
    paths = [StorePath(nix32_encode(number.to_bytes(20, "big")), "made-up") for number in range(count)]
    for number, path in enumerate(paths):
        behind = sorted({number + 1, 2 * number + 1, 2 * number + 2})
        yield Registration(path, 1000, [paths[other] for other in behind if other < count])


def list_closure(settings: Settings, count: str) -> None:
    """List the closure of the first made-up object."""
    top = next(iter_registrations(1)).path
    with Store(settings) as store:
        found = len(store.database.closure(top))
    if found != int(count):
        raise SystemExit(f"not the closure: {found}")


def export_all(settings: Settings, file: str) -> None:
    """Export every object into a file."""
    from devenv.store.archive import export_closures

    with Store(settings) as store, open(file, "wb") as output:
        export_closures(store, store.database.read_graph(), output, ignore)


def import_all(settings: Settings, file: str) -> None:
    """Import what was exported."""
    from devenv.store.archive import import_archive

    with Store(settings) as store, open(file, "rb") as source:
        import_archive(store, source, ignore)


WORKS: Mapping[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        make_inputs, hash_tree, add_tree, add_tree_unsynchronised, add_small, add_made,
        verify, collect, make_closure, list_closure, export_all, import_all,
    )
}  # fmt: skip

if __name__ == "__main__":
    main()
