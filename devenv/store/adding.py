"""Adds objects: one pass over streams of nodes writes them to fresh inodes, hashes and scans them.

Objects are added in batches, so that thousands of small ones cost one synchronisation and one transaction. The order is
that of DESIGN section 3: temporary roots written, files and directories durable, each renamed without replacing, store
directory durable, rows committed. A crash before the rows leaves unfinished names (`.tmp-…`, removed by the next
process that adds something) or complete directories without a row, which are checked by their own names before they
are believed.
"""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.errors import StoreError
from devenv.fault_points import fault_point
from devenv.fsutil import NamedErrors, delete_tree, exchange, rename_new, sync_directory
from devenv.nar.nodes import File, Node
from devenv.nar.reader import NarError
from devenv.nar.writer import NarWriter
from devenv.store.address import AddressHasher
from devenv.store.check import is_intact
from devenv.store.database import Registration
from devenv.store.self_references import FileSpan, FileSpans, write_self_references
from devenv.store.syncing import sync_trees
from devenv.store.tree import TreeWriter
from devenv.store.write_behind import WriteBehind
from devenv.store_path import StorePath

if TYPE_CHECKING:
    from devenv.store.store import Store

BATCH_OBJECTS = 1024
BATCH_BYTES = 256 << 20
"""When a batch is made durable and registered: by then a crash costs more than a synchronisation."""


@dataclass(frozen=True, slots=True)
class Output:
    """What is to become an object: its nodes, its name, how it calls itself, and what it may refer to.

    `scratch` is the 32-character digest under which the nodes refer to the object itself. What comes from elsewhere has
    its path already: `expected`, which it must turn out to have, and of it `candidates` are exactly the references.
    """

    nodes: Iterable[Node]
    name: str
    scratch: str
    candidates: frozenset[StorePath] = frozenset()
    expected: StorePath | None = None
    realises: tuple[tuple[str, str], ...] = ()
    """The derivations' outputs that it is, by key and name: remembered as soon as it is valid."""


@dataclass(frozen=True, slots=True)
class Written:
    """A tree that lies, normalised, at `place`, and what the pass over it found."""

    place: Path
    path: StorePath
    size: int
    references: tuple[StorePath, ...]
    realises: tuple[tuple[str, str], ...] = ()


def add_objects(store: Store, outputs: Iterable[Output], prefix: str) -> Iterator[StorePath]:
    """Add `outputs`, in their order; yields the paths of a batch once it is registered.

    Unfinished trees are named `prefix` and a number. Raises as `Store.add` does; batches that were registered stay.
    """
    batch: list[Written] = []
    size = 0
    behind = WriteBehind(store.root)
    try:
        for number, output in enumerate(outputs):
            place = store.root / f"{prefix}-{number}"
            try:
                batch.append(_write(store, output, place, behind))
            except BaseException:
                delete_tree(place)
                raise
            size += batch[-1].size
            if len(batch) == BATCH_OBJECTS or size >= BATCH_BYTES:
                behind.settle()
                yield from _finish(store, batch)
                size = 0
        behind.settle()
        yield from _finish(store, batch)
    finally:
        behind.close()
        for written in batch:
            delete_tree(written.place)


def _finish(store: Store, batch: list[Written]) -> Iterator[StorePath]:
    store.commits.commit(batch)
    paths = [written.path for written in batch]
    for written in batch:
        delete_tree(written.place)
    batch.clear()
    yield from paths


def _write(store: Store, output: Output, place: Path, behind: WriteBehind) -> Written:
    """Write, hash and scan one output."""
    digests = _digests(output.candidates)
    hasher = AddressHasher(os.fsencode(store.root), output.scratch, digests)
    archive = NarWriter(hasher.update)
    tree = TreeWriter(place.parent, place.name, store.links)
    spans = FileSpans(hasher.self_references)
    scratch = output.scratch.encode()
    try:
        for node in output.nodes:
            archive.begin(node)
            if node.path and scratch in node.path[-1]:
                raise StoreError(
                    f"`{os.fsdecode(node.path[-1])}`: a file name must not hold the path of its own object",
                    slug="self-reference-in-name",
                )
            tree.begin(node)
            if isinstance(node, File):
                spans.add(FileSpan(archive.offset, node.size, node.path), hasher.scanned)
                for piece in node.content:
                    archive.write(piece)
                    tree.write(piece)
                    behind.wrote(len(piece))
                archive.end_file()
                tree.end_file()
        size = archive.finish()
        tree.close()
        path = StorePath(hasher.finish(), output.name)
    except FileExistsError as error:
        raise _collision_error(error, output) from error
    except NarError:
        # The archive that the nodes are read from is at fault: who reads it says so.
        raise
    except ValueError as error:
        raise StoreError(f"`{output.name}` cannot be archived: {error}", slug="tree-invalid") from error
    finally:
        tree.abandon()
        hasher.abandon()
    if output.expected is not None:
        _require_expected(path, output.expected)
        _require_references(path, hasher, digests)
    with NamedErrors(place):
        write_self_references(place, spans, len(hasher.self_references), output.scratch, path.digest)
    return Written(place, path, size, _named(output.candidates, hasher.references), output.realises)


@functools.lru_cache(maxsize=4)
def _digests(candidates: frozenset[StorePath]) -> frozenset[str]:
    return frozenset(candidate.digest for candidate in candidates)


def _named(candidates: frozenset[StorePath], digests: set[str]) -> tuple[StorePath, ...]:
    """The candidates with these digests: of one content under two names, both."""
    return tuple(sorted(each for each in candidates if each.digest in digests)) if digests else ()


def _collision_error(error: FileExistsError, output: Output) -> StoreError:
    """Names were checked to differ, so it is the file system that takes them for one (FAULTS B-05, B-06)."""
    return StoreError(
        f"`{output.name}` holds two names that this file system takes for one: {os.fsdecode(error.filename or b'?')}",
        hint="set `base` in `~/.config/devenv/settings.toml` to a file system that keeps names as they are",
        slug="file-system-unfit",
    )


def _require_expected(path: StorePath, expected: StorePath) -> None:
    if path != expected:
        raise StoreError(
            f"`{expected}` has another content than its name says",
            details=(f"its content would be `{path}`",),
            hint="it was damaged or forged: get it from somewhere else",
            slug="object-mismatch",
        )


def _require_references(path: StorePath, hasher: AddressHasher, declared: frozenset[str]) -> None:
    """References are no part of the digest, so they are looked for: each that is declared, and no other (FAULTS F-12).

    A digest that stands behind the store's root in an object is that of an input of its build, or its own.
    """
    wrong = (declared - hasher.references) | (hasher.named - declared - {path.digest})
    if wrong:
        raise StoreError(
            f"`{path}` does not refer to what it is said to refer to",
            details=tuple(f"differs in `{digest}`" for digest in sorted(wrong)[:8]),
            hint="it was damaged or forged: get it from somewhere else",
            slug="references-mismatch",
        )


def register_written(store: Store, batch: Sequence[Written]) -> None:
    """Put written trees at their final paths and make them valid. What is valid already is left alone."""
    store.keep(written.path for written in batch)
    valid = {path for path in store.database.valid_paths({written.path for written in batch}) if store.is_present(path)}
    fresh = {written.path: written for written in batch if written.path not in valid}
    if fresh:
        sync_trees(written.place for written in fresh.values())
        for path in sorted(fresh):
            with store.lock(path.digest):
                _install(store, fresh[path].place, path)
        fault_point("register.sync")
        sync_directory(store.root)
    store.database.register(
        [Registration(each.path, each.size, each.references) for each in batch],
        {name: each.path for each in batch for name in each.realises},
    )


def _install(store: Store, place: Path, path: StorePath) -> None:
    """Rename a durable tree to its path. What lies there stays if it is intact, else changes places with the tree."""
    fault_point("register.rename")
    final = store.path(path)
    try:
        rename_new(place, final)
    except FileExistsError:
        # Somebody added the same meanwhile, or a crash left it: the name says what it must hold (FAULTS A-04, N-07).
        if not is_intact(store.root, path):
            _replace(place, final)


def _replace(place: Path, final: Path) -> None:
    try:
        exchange(place, final)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # An overlay renames no directories of its lower layers: there the old one goes first (FAULTS B-07).
        delete_tree(final)
        rename_new(place, final)
