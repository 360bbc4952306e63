"""The store: finds objects, adds them, keeps them from being collected while they are worked with.

What can be asked of one object or a few stands here; `adding`, `collection`, `verification`, `rebuilding`, `relocation`
and `archive` are what is done with many, each given a `Store`.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devenv.fsutil import DISK_FULL, TEMPORARY_PREFIX, delete_tree, locked, temporary_name
from devenv.settings import Settings
from devenv.store.database import StoreDatabase
from devenv.store.layout import iter_objects, open_layout
from devenv.store.links import FileLinks
from devenv.store.temporary_roots import TemporaryRoots
from devenv.store_path import StorePath

if TYPE_CHECKING:
    from devenv.store.adding import Output, Written
    from devenv.store.commits import GroupCommit


class Store:
    """The store below `settings.base`. May be used from several threads and by several processes at once."""

    def __init__(self, settings: Settings) -> None:
        self.layout = open_layout(settings.base)
        self.root = self.layout.root
        """The 80-byte directory that the objects lie in."""
        with contextlib.ExitStack() as opened:
            self.links = opened.enter_context(FileLinks(self.layout.links))
            self.database = StoreDatabase(self.layout.database, find_gap=self._find_gap)
            opened.callback(self.database.close)
            self._temporary_roots = TemporaryRoots(self.layout)
            opened.callback(self._temporary_roots.close)
            self._opened = opened.pop_all()
        self._tidied = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @functools.cached_property
    def commits(self) -> GroupCommit[Written]:
        """Makes what was written durable and valid."""
        # Most processes only read.
        from devenv.store.adding import register_written
        from devenv.store.commits import GroupCommit

        return GroupCommit(lambda batch: register_written(self, batch))

    def _find_gap(self) -> str | None:
        """Why a database that is made now would not know what lies in the store (FAULTS E-02)."""
        count = sum(1 for _ in iter_objects(self.root))
        return f"it was lost when {count} objects were there" if count else None

    def path(self, path: StorePath) -> Path:
        """Where the object lies."""
        return self.root / str(path)

    def is_present(self, path: StorePath) -> bool:
        """Whether something lies at the path, registered or not."""
        return os.path.lexists(self.path(path))

    def is_valid(self, path: StorePath) -> bool:
        """Whether the object is registered and there."""
        return self.database.is_valid(path) and self.is_present(path)

    def is_complete(self, path: StorePath) -> bool:
        """Whether the object and everything it refers to is registered and there."""
        closure = self.database.closure(path)
        return bool(closure) and all(map(self.is_present, closure))

    def keep(self, paths: Iterable[StorePath]) -> None:
        """Keep `paths` and their closures from being collected as long as this store is open, valid yet or not.

        Whoever relies on an object calls this *before* asking whether it is valid.
        """
        self._temporary_roots.keep(paths)

    def find_realisation(self, derivation: str, output: str) -> StorePath | None:
        """The object that this output is known to be, if it and its closure are there; a stale entry is dropped.

        It is kept from being collected.
        """
        path = self.database.find_realisation(derivation, output)
        if path is None:
            return None
        self.keep([path])
        for member in self.database.closure(path):
            if not self.is_present(member):
                self._forget_missing(member)
        return path if self.database.is_valid(path) else None

    def _forget_missing(self, path: StorePath) -> None:
        with self.lock(path.digest):
            # Another process may have brought it back while we waited.
            if not self.is_present(path):
                self.database.forget([path])

    def register_realisation(self, derivation: str, output: str, path: StorePath) -> None:
        """Remember what an output is. The object must be valid."""
        self.register_realisations({(derivation, output): path})

    def register_realisations(self, outputs: Mapping[tuple[str, str], StorePath]) -> None:
        """Remember what outputs are, by (derivation, output), all or none. The objects must be valid."""
        self.database.register_realisations(outputs)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock `name` (a digest: of a derivation, of a path) against threads and processes.

        Who needs several takes them in the order of their names.
        """
        path = self.layout.locks / name
        with locked(path):
            try:
                yield
            finally:
                # Whoever waits notices that the file has gone, and makes it anew.
                path.unlink(missing_ok=True)

    def add(self, output: Output) -> StorePath:
        """Write, hash, scan and register one object; returns its path, new or known before.

        Raises StoreError where the output refers to itself in a file name, holds the canonical root, cannot be
        archived, or is not what was expected; OSError where the disk does not take it. On any failure nothing of it
        stays visible.
        """
        (path,) = self.add_all([output])
        return path

    def add_all(self, outputs: Iterable[Output]) -> Iterator[StorePath]:
        """Add many objects, in their order; yields the path of each once it is registered.

        An output may refer to those before it. What was yielded stays, whatever becomes of the rest.
        """
        from devenv.store.adding import add_objects

        name = temporary_name()
        with self.lock(name):
            self._remove_abandoned()
            try:
                yield from add_objects(self, outputs, name)
            except OSError as error:
                if error.errno in DISK_FULL:
                    # What was written of the tree that did not fit lies there under its links only.
                    self.links.remove_unused()
                raise

    def _remove_abandoned(self) -> None:
        """Delete what killed processes left, once; the rest of this process's life nothing new will be found."""
        if self._tidied:
            return
        self._tidied = True
        for path in iter_abandoned(self.root, self.layout.locks):
            delete_tree(path)


def iter_abandoned(root: Path, locks: Path) -> Iterator[Path]:
    """Unfinished trees whose makers are dead, then their locks: living ones hold those."""
    unfinished: dict[str, list[str]] = {name: [] for name in os.listdir(locks)}
    for name in os.listdir(root):
        if name.startswith(TEMPORARY_PREFIX):
            # `.tmp-<random>-<number>`: the lock is named without the number.
            unfinished.setdefault(name.rpartition("-")[0], []).append(name)
    for lock_name, names in unfinished.items():
        lock = locks / lock_name
        trees = [root / name for name in names]
        # Makers lock before they make: a tree without a lock has no maker, and looking leaves no lock behind.
        if not lock.exists():
            yield from trees
            continue
        with locked(lock, wait=False) as abandoned:
            if abandoned:
                yield from trees
                yield lock
