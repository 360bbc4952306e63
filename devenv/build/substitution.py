"""Takes what others have built instead of building it: asked before anything is built, from the top down.

An object proves its content by its name; that it is what a derivation comes to, it does not (FAULTS finding 5). Whoever
names a substituter in the settings believes it so much, and no project can name one. A substituter that has nothing, or
something damaged, is no reason to stop: then it is built.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from devenv.build.plan import find_outputs
from devenv.build.source import SOURCE_BUILDER
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.errors import DevenvError
from devenv.events import Notice, Report
from devenv.store.layout import layout_of
from devenv.store.relocation import relocate
from devenv.store.store import Store
from devenv.store_path import StorePath, parse_store_path


class Substituter(Protocol):
    """Somebody who may have built something."""

    def find(self, derivation: Derivation) -> Mapping[str, StorePath] | None:
        """What the derivation's outputs are there; None where one of them is not known."""
        ...

    def find_known(self, key: str, outputs: Sequence[str]) -> Mapping[str, StorePath] | None:
        """The same by a derivation's key, or by that of something else which is known to be an object."""
        ...

    def take(self, store: Store, paths: Iterable[StorePath], report: Report) -> None:
        """Bring objects here, with all that they refer to. Raises DevenvError where one is not what its name says."""
        ...


class StoreSubstituter:
    """Another store of devenv's on this machine: one that a CI job fills, or one of all users."""

    def __init__(self, base: Path) -> None:
        """`base` is the directory above it."""
        self._layout = layout_of(base)

    def __str__(self) -> str:
        return f"the store at `{self._layout.base}`"

    def find(self, derivation: Derivation) -> Mapping[str, StorePath] | None:
        """What is known of the derivation."""
        return self.find_known(derivation.key, derivation.outputs)

    def find_known(self, key: str, outputs: Sequence[str]) -> Mapping[str, StorePath] | None:
        """By its database, which is only read. One that is not there, or is damaged, knows nothing."""
        query = """SELECT path FROM realisations JOIN objects ON object = id WHERE derivation = ? AND output = ?"""
        found = {}
        with contextlib.suppress(sqlite3.Error, ValueError, TypeError):
            with contextlib.closing(sqlite3.connect(f"{self._layout.database.as_uri()}?mode=ro", uri=True)) as database:
                for output in outputs:
                    row = database.execute(query, (key, output)).fetchone()
                    if row is not None:
                        found[output] = parse_store_path(row[0])
            return found if len(found) == len(outputs) else None
        return None

    def take(self, store: Store, paths: Iterable[StorePath], report: Report) -> None:
        """Each object is compared with its name on the way."""
        relocate(store, [self._layout.root / str(path) for path in paths], report)


def substitute(
    store: Store, targets: Sequence[Derivation], substituters: Sequence[Substituter], report: Report
) -> None:
    """Take from `substituters`, of which the first that has something wins, what is not known of `targets`.

    What they do not have is looked for among its inputs.
    """
    seen: set[Derivation] = set()
    pending = list(targets) if substituters else []
    while pending:
        derivation = pending.pop()
        if derivation in seen or derivation.builder == SOURCE_BUILDER:
            continue
        seen.add(derivation)
        if find_outputs(store, derivation, derivation.key) is None and not any(
            take(store, derivation, each, report) for each in substituters
        ):
            pending += [each.derivation for each in derivation.inputs]


def take(store: Store, derivation: Derivation, substituter: Substituter, report: Report) -> bool:
    """Take what `derivation` came to from `substituter`; whether it had that."""
    return _take_found(store, derivation.key, substituter.find(derivation), substituter, report)


def take_known(store: Store, key: str, substituter: Substituter, report: Report) -> bool:
    """Take the one object that is known by `key` from `substituter`; whether it had that."""
    return _take_found(store, key, substituter.find_known(key, (MAIN_OUTPUT,)), substituter, report)


def _take_found(
    store: Store, key: str, outputs: Mapping[str, StorePath] | None, substituter: Substituter, report: Report
) -> bool:
    if outputs is None:
        return False
    try:
        substituter.take(store, outputs.values(), report)
    except (DevenvError, OSError) as error:
        names = ", ".join(f"`{path.name}`" for path in outputs.values())
        report(Notice(f"{names} could not be taken from {substituter}: {error}"))
        return False
    store.register_realisations({(key, output): path for output, path in outputs.items()})
    return True
