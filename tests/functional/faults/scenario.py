"""What a scenario is, and the objects that scenarios are made of.

It has three parts: `prepare` makes a home directory, `run` is the command, and `require_done` says what must be so once
it has succeeded. What must hold whatever happened is in `tests.fsck`; `require_between` adds what a scenario promises
besides: files that are old or new, a generation that can be entered at any time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devenv.settings import default_settings
from devenv.store.adding import Output
from devenv.store.layout import layout_of
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.fsck import read_rows
from tests.trees import Tree, iter_tree_nodes

SCRATCH = "0123456789abcdfghijklmnpqrsvwxyz"
KEY = "blake3:" + "a" * 64


def nothing(_: Path) -> None:
    """No more than the invariants."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Each part is given the home directory. `run` is what faults are put into."""

    prepare: Callable[[Path], None]
    run: Callable[[Path], None]
    require_done: Callable[[Path], None]
    require_between: Callable[[Path], None] = nothing
    in_memory: bool = True
    """Whether its home directory may lie in `/dev/shm`, which no sandbox shows."""


def project_path(home: Path) -> Path:
    """The project of scenarios that have one."""
    return home / "project"


def output(tree: Tree, name: str, *candidates: StorePath) -> Output:
    """A tree that is to become an object."""
    return Output(iter_tree_nodes(tree), name, SCRATCH, frozenset(candidates))


def add(store: Store, name: str, *references: StorePath) -> StorePath:
    """An object with a file of its own, one that all share, and one that names `references`."""
    names = b" ".join(os.fsencode(store.path(path)) for path in references)
    return store.add(output({b"own": name.encode(), b"shared": b"shared" * 9, b"names": names}, name, *references))


def objects(home: Path) -> dict[str, StorePath]:
    """What is registered and there, by name."""
    layout = layout_of(default_settings(home).base)
    return {path.name: path for path in read_rows(layout.database).objects if os.path.lexists(layout.root / str(path))}


def require_objects(*names: str) -> Callable[[Path], None]:
    """Exactly these are registered."""

    def require(home: Path) -> None:
        assert sorted(objects(home)) == sorted(names), f"registered are {sorted(objects(home))}"

    return require


def find_object(store: Store, name: str) -> StorePath:
    """The object of this name."""
    return next(path for path in store.database.read_graph() if path.name == name)
