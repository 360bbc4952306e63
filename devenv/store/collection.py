"""Collects what nothing keeps alive.

Two locks: one is held from beginning to end, so that there is one collection at a time (FAULTS D-04); the other, the
marking lock, from reading the temporary roots until what is dead is invalid and has left its path, which takes as long
as some thousand renames. Whoever starts to use an object waits for that moment, then finds it valid and kept, or
invalid. The trees themselves are deleted afterwards, while everybody works.

The order of a deletion: rows committed, renamed to `.trash-…`, removed. A killed collection leaves unregistered
or renamed trees, which the next one deletes (A-07, A-08).
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from devenv.errors import StoreError
from devenv.events import Detail, Notice, Report, Step
from devenv.fault_points import fault_point
from devenv.fsutil import TEMPORARY_PREFIX, delete_tree, locked, sync_directory
from devenv.store.database import Graph
from devenv.store.graph import DeadObject, plan_deletion
from devenv.store.layout import Layout, make_reserve
from devenv.store.store import Store, iter_abandoned
from devenv.store.temporary_roots import read_temporary_roots
from devenv.store.threads import share_out
from devenv.store_path import StorePath, find_store_path

TRASH_PREFIX = ".trash-"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something in the store that is no registered object: what it is, and the bytes that it occupies on the disk."""

    name: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Roots:
    """What keeps objects alive, and what has just ceased to, with the reason for people."""

    paths: frozenset[StorePath]
    dropped: tuple[tuple[StorePath, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionRequest:
    """How to collect. `find_roots` is asked while nobody can begin to use anything; it must not wait for builds.

    `max_freed`: stop when objects of that many bytes are deleted.
    """

    find_roots: Callable[[], Roots]
    dry_run: bool = False
    max_freed: int | None = None


@dataclass(slots=True)
class Collection:
    """What was collected, or would be. `disk_freed` is what unused links gave back to the disk, in bytes."""

    dead: tuple[DeadObject, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    foreign: tuple[str, ...] = ()
    """Names in the store's directory that are none of ours; they stay."""
    failures: list[str] = field(default_factory=list)
    disk_freed: int = 0


def collect(store: Store, request: CollectionRequest, report: Report) -> Collection:
    """Collect once, or with `dry_run` say what that would delete.

    Raises StoreError where the database is damaged (`database-failed`) or does not know what roots lead to
    (`database-incomplete`): deleting by it would delete what is in use (FAULTS E-01, E-02, D-09).
    """
    with sole_collector(store.layout, report):
        if not request.dry_run:
            # First of all: on a full disk not even a journal could be written (B-02).
            store.layout.reserve.unlink(missing_ok=True)
        try:
            return _collect(store, request, report)
        finally:
            if not request.dry_run:
                make_reserve(store.layout.reserve)


@contextlib.contextmanager
def sole_collector(layout: Layout, report: Report) -> Iterator[None]:
    """While this lasts, nobody else collects or makes the database again."""
    with contextlib.ExitStack() as stack:
        if not stack.enter_context(locked(layout.collector_lock, wait=False)):
            report(Notice("another collection is at work; waiting for it"))
            stack.enter_context(locked(layout.collector_lock))
        yield


def _collect(store: Store, request: CollectionRequest, report: Report) -> Collection:
    report(Step("looking for what is in use"))
    store.database.require_sound()
    with locked(store.layout.marking_lock):
        # In this order. A process may register what it keeps while we read, and end: what it kept was read before, or
        # its lasting roots and its rows are there by the time that they are read (FAULTS D-03).
        kept = read_temporary_roots(store.layout, tidy=not request.dry_run)
        roots = request.find_roots()
        names = os.listdir(store.root)
        graph = store.database.read_graph()
        _require_database(store, graph, roots)
        dead = plan_deletion(graph, roots.paths | kept, roots.dropped, request.max_freed)
        collection = Collection(dead, tuple(_find_leftovers(store, graph, kept, names)), tuple(_find_foreign(names)))
        if request.dry_run:
            collection.disk_freed = sum(size for _, size in store.links.iter_unused())
            return collection
        trash = _invalidate(store, collection)
    report(Step("deleting"))
    for path in (*trash, *iter_abandoned(store.root, store.layout.locks)):
        with _noted(collection, path.name):
            fault_point("collect.delete")
            delete_tree(path)
    _remove_unused_links(store, collection)
    report(Detail(f"{len(dead)} objects deleted"))
    return collection


def _remove_unused_links(store: Store, collection: Collection) -> None:
    """The last links to files: it is here that the disk gets its space back, and that a collection waits for it."""
    freed: list[int] = []

    def remove(unused: tuple[str, int]) -> None:
        link, size = unused
        with _noted(collection, link):
            store.links.remove(link)
            freed.append(size)

    share_out(store.links.iter_unused(), remove)
    collection.disk_freed += sum(freed)


@contextlib.contextmanager
def _noted(collection: Collection, name: str) -> Iterator[None]:
    """One thing that cannot be deleted does not keep the others (FAULTS D-12)."""
    try:
        yield
    except FileNotFoundError:
        pass
    except OSError as error:
        collection.failures.append(f"`{name}` cannot be deleted: {error.strerror}")


def _require_database(store: Store, graph: Graph, roots: Roots) -> None:
    unknown = sorted(path for path in roots.paths if path not in graph and store.is_present(path))
    gap = store.database.find_gap()
    if unknown or gap is not None:
        raise StoreError(
            "the store's database does not know what lies in the store, so nothing is deleted by it",
            details=(*filter(None, [gap]), *(f"`{path}` is in use and not registered" for path in unknown[:5])),
            hint="run `devenv store rebuild`; if that is not enough, `devenv store repair`",
            slug="database-incomplete",
        )


def _find_leftovers(store: Store, graph: Graph, kept: set[StorePath], names: Iterable[str]) -> Iterator[Leftover]:
    """Trees that no living process is making and no row stands for. Dead makers' locks are let go again at once."""
    for name in sorted(names):
        path = find_store_path(name)
        if path is not None and path not in graph and path not in kept:
            yield Leftover(name, disk_usage(store.root / name), "not registered: its making was interrupted")
        elif name.startswith(TRASH_PREFIX):
            yield Leftover(name, disk_usage(store.root / name), "its deletion was interrupted")
    for place in sorted(iter_abandoned(store.root, store.layout.locks)):
        if place.parent == store.root:
            yield Leftover(place.name, disk_usage(place), "its making was interrupted")


def _find_foreign(names: Iterable[str]) -> Iterator[str]:
    return (
        name
        for name in sorted(names)
        if not name.startswith((TRASH_PREFIX, TEMPORARY_PREFIX)) and not find_store_path(name)
    )


def _invalidate(store: Store, collection: Collection) -> list[Path]:
    """Commit that the dead are not valid, and rename them. Returns what is left to delete."""
    store.database.delete([each.path for each in collection.dead])
    trash = [store.root / each.name for each in collection.leftovers if each.name.startswith(TRASH_PREFIX)]
    unregistered = [each.name for each in collection.leftovers if find_store_path(each.name)]
    for name in [*(str(each.path) for each in collection.dead), *unregistered]:
        aside = store.root / f"{TRASH_PREFIX}{name}"
        with _noted(collection, name):
            fault_point("collect.rename")
            # Left by a collection that was killed, under the name that this one needs.
            if os.path.lexists(aside):
                delete_tree(aside)
            if _try_rename(store.root / name, aside):
                trash.append(aside)
            else:
                delete_tree(store.root / name)
    sync_directory(store.root)
    return sorted(set(trash))


def _try_rename(path: Path, aside: Path) -> bool:
    """Whether the system does it; False: an overlay, which renames no directories of its lower layers (FAULTS B-07)."""
    try:
        os.rename(path, aside)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def disk_usage(path: Path) -> int:
    """Bytes that a tree occupies on the disk, files that have other links elsewhere included."""
    total = 0
    with contextlib.suppress(OSError):
        total = os.lstat(path).st_blocks * 512
    if path.is_symlink():
        return total
    for directory, directories, files in os.walk(path):
        for name in (*directories, *files):
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(directory, name)).st_blocks * 512
    return total
