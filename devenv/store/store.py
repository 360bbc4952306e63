"""The store: adds objects, finds them, checks them.

Adding is one pass over a stream of nodes: the same bytes are written to fresh inodes, hashed and scanned. The order
is that of DESIGN section 3: files and directories durable, rename without replacing, store directory durable, row
committed. A crash before the row leaves an unfinished name (`.tmp-…`, removed by the next process that adds something)
or a complete directory without a row, which is checked by its own name before it is believed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from devenv.errors import StoreError
from devenv.fsutil import (
    TEMPORARY_PREFIX,
    delete_tree,
    locked,
    make_private_directory,
    rename_new,
    sync_directory,
    temporary_name,
)
from devenv.nar.nodes import File, Node
from devenv.nar.writer import NarWriter
from devenv.settings import Settings
from devenv.store.address import AddressHasher
from devenv.store.check import is_intact
from devenv.store.database import StoreDatabase
from devenv.store.self_references import FileSpan, SelfReferences, write_self_references
from devenv.store.tree import TreeWriter, sync_tree
from devenv.store_path import StorePath, store_root


@dataclass(frozen=True, slots=True)
class Output:
    """What is to become an object: its nodes, its name, how it calls itself, and what it may refer to.

    `scratch` is the 32-character digest under which the nodes refer to the object itself.
    """

    nodes: Iterable[Node]
    name: str
    scratch: str
    candidates: frozenset[StorePath] = frozenset()


@dataclass(frozen=True, slots=True)
class _Written:
    digest: str
    size: int
    references: frozenset[str]
    self_references: SelfReferences


class Store:
    """The store below `settings.base`. May be used from several threads and by several processes at once."""

    def __init__(self, settings: Settings) -> None:
        base = settings.base
        self.root = store_root(base)
        """The 80-byte directory that the objects lie in."""
        self._locks = base / "locks"
        try:
            make_private_directory(self.root)
            make_private_directory(self._locks)
        except OSError as error:
            raise StoreError(
                f"the store cannot be made at `{base}`: {error.strerror}",
                hint="set `base` in `~/.config/devenv/settings.toml` to a directory that you can write to",
                slug="store-unusable",
            ) from error
        self._database = StoreDatabase(base / "store.sqlite")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def path(self, path: StorePath) -> Path:
        """Where the object lies."""
        return self.root / str(path)

    def is_valid(self, path: StorePath) -> bool:
        """Whether the object is registered and there."""
        return self._database.is_valid(path) and os.path.lexists(self.path(path))

    def is_complete(self, path: StorePath) -> bool:
        """Whether the object and everything it refers to is registered and there."""
        return self._database.is_valid(path) and all(
            os.path.lexists(self.path(member)) for member in self._database.closure(path)
        )

    def find_realisation(self, derivation: str, output: str) -> StorePath | None:
        """The object that this output is known to be, if it and its closure are there; a stale entry is dropped."""
        path = self._database.find_realisation(derivation, output)
        if path is None:
            return None
        for member in self._database.closure(path):
            if not os.path.lexists(self.path(member)):
                self._forget_missing(member)
        return path if self._database.is_valid(path) else None

    def _forget_missing(self, path: StorePath) -> None:
        with self.lock(path.digest):
            # Another process may have brought it back while we waited.
            if not os.path.lexists(self.path(path)):
                self._database.forget_object(path)

    def register_realisation(self, derivation: str, output: str, path: StorePath) -> None:
        """Remember what an output is. The object must be valid."""
        self._database.register_realisation(derivation, output, path)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock `name` (a digest: of a derivation, of a path) against threads and processes."""
        path = self._locks / name
        with locked(path):
            try:
                yield
            finally:
                # Whoever waits notices that the file has gone, and makes it anew.
                path.unlink(missing_ok=True)

    def add(self, output: Output) -> StorePath:
        """Write, hash, scan and register one object; returns its path, new or known before.

        Raises StoreError where the output refers to itself in a file name, holds the canonical root, or cannot be
        archived; OSError where the disk does not take it. On any failure nothing of it stays visible.
        """
        name = temporary_name()
        with self.lock(name):
            self._remove_abandoned()
            temporary = self.root / name
            try:
                written = self._write(output, temporary)
                path = StorePath(written.digest, output.name)
                if not self.is_valid(path):
                    write_self_references(temporary, written.self_references, output.scratch, written.digest)
                    sync_tree(temporary)
                self._register(temporary, path, written, output.candidates)
            finally:
                delete_tree(temporary)
        return path

    def _write(self, output: Output, temporary: Path) -> _Written:
        hasher = AddressHasher(
            os.fsencode(self.root), output.scratch, (candidate.digest for candidate in output.candidates)
        )
        archive = NarWriter(hasher.update)
        tree = TreeWriter(temporary.parent, temporary.name)
        files = []
        try:
            for node in output.nodes:
                archive.begin(node)
                if node.path and output.scratch.encode() in node.path[-1]:
                    raise StoreError(
                        f"`{os.fsdecode(node.path[-1])}`: a file name must not hold the path of its own object",
                        slug="self-reference-in-name",
                    )
                tree.begin(node)
                if isinstance(node, File):
                    files.append(FileSpan(archive.offset, node.size, node.path))
                    for piece in node.content:
                        archive.write(piece)
                        tree.write(piece)
                    archive.end_file()
                    tree.end_file()
            size = archive.finish()
            tree.close()
        except ValueError as error:
            raise StoreError(f"`{output.name}` cannot be archived: {error}", slug="tree-invalid") from error
        finally:
            tree.abandon()
        digest = hasher.finish()
        references = SelfReferences(hasher.self_references, files)
        return _Written(digest, size, frozenset(hasher.references), references)

    def _register(self, temporary: Path, path: StorePath, written: _Written, candidates: frozenset[StorePath]) -> None:
        """Put a durable tree at its final path and make it valid. Where it is valid, `temporary` is left alone."""
        references = sorted(candidate for candidate in candidates if candidate.digest in written.references)
        with self.lock(path.digest):
            if not self.is_valid(path):
                final = self.path(path)
                if os.path.lexists(final) and not is_intact(self.root, path):
                    delete_tree(final)
                with contextlib.suppress(FileExistsError):
                    rename_new(temporary, final)
                sync_directory(self.root)
            self._database.register_object(path, written.size, references)

    def _remove_abandoned(self) -> None:
        """Delete what killed processes left: locks, and trees of the same names. Living ones hold theirs."""
        unfinished = {name for name in os.listdir(self.root) if name.startswith(TEMPORARY_PREFIX)}
        for name in unfinished.union(os.listdir(self._locks)):
            lock = self._locks / name
            with locked(lock, wait=False) as abandoned:
                if abandoned:
                    if name in unfinished:
                        delete_tree(self.root / name)
                    lock.unlink(missing_ok=True)
