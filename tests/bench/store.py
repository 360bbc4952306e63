"""What the store costs, against Nix's: hashing, adding, verifying and collecting a distribution and many small objects.

Both sides are processes that are given the same files. Of devenv two times are told: of the work alone, from opening
the store to closing it, and of the whole process, which begins with the start of Python and the loading of modules.
Nix's is always that of the whole process. ext4 does not use inodes again for a while, which slows whoever makes files
where many were deleted: each run has a store in a fresh directory, and nothing is deleted before all is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.made_tree import (
    DIRECTORIES,
    FILES,
    MEMORY_BYTES,
    MEMORY_FILES,
    TREE_BYTES,
)
from tests.bench.report import Row, compare
from tests.bench.store_worker import MANY, SCRATCH, iter_registrations
from tests.bench.stores import Places, Series, Stores, Timings, whole_of, work_of
from tests.bench.workbench import Workbench

CLOSURE = 5_000
SHARED = ("--option", "auto-optimise-store", "true")


@dataclass(frozen=True, slots=True)
class Opponents:
    """Stores on both sides, a pair for each measurement: first filled, at the end collected."""

    ours: Places
    theirs: Places


def measure_store(bench: Workbench) -> Iterator[Row]:
    """Rows of a tree, of many small objects, of how time grows with their number, and of memory."""
    directory = bench.user.home / "stores"
    directory.mkdir()
    tree, many, tenth = (directory / name for name in (f"{SCRATCH}-tree", "many", "tenth"))
    stores = Stores(directory, bench.user.environ, bench.pairs)
    stores.devenv("make_inputs", tree, many, tenth)(stores.make_place())
    yield from _measure_reading(stores, tree)
    yield from _measure_closure(stores)
    with_trees, with_many, growing = (Opponents(stores.make_places(), stores.make_places()) for _ in range(3))
    yield from _measure_adding(stores, tree, with_trees)
    yield from _measure_many(stores, many, with_many)
    yield _measure_growth("add", stores, growing, ("add_small", many), ("add_small", tenth))
    yield from _measure_collecting("collect the tree", stores, with_trees)
    yield from _measure_collecting(f"collect {MANY:,} small objects", stores, with_many)
    yield _measure_growth("collect", stores, growing, ("collect",), ("collect",))
    yield from _measure_memory(stores)


def _measure_reading(stores: Stores, tree: Path) -> Iterator[Row]:
    ours, theirs = stores.make_place(), stores.make_place()
    stores.devenv("add_tree", tree)(ours)
    stores.nix("nix-store", "--add", tree)(theirs)
    timings = stores.compare(
        Series(stores.devenv("hash_tree", tree), stores.same_place(ours)),
        Series(stores.nix("nix", "hash", "path", tree), stores.same_place(theirs)),
    )
    what = f"hash a tree, {FILES:,} files in {DIRECTORIES} directories, {TREE_BYTES / 1e6:.0f} MB"
    yield from _rows(what, timings, "nix hash path", "at most 0.8")
    timings = stores.compare(
        Series(stores.devenv("verify"), stores.same_place(ours)),
        Series(stores.nix("nix-store", "--verify", "--check-contents"), stores.same_place(theirs)),
    )
    yield from _rows("verify a store with the tree", timings, "nix-store --verify --check-contents", "at most 0.8")


def _measure_closure(stores: Stores) -> Iterator[Row]:
    ours, tenth, theirs = (stores.make_place() for _ in range(3))
    stores.devenv("make_closure", CLOSURE)(ours)
    stores.devenv("make_closure", CLOSURE // 10)(tenth)
    stores.load_nix(theirs, "".join(_iter_descriptions(theirs / "store")))
    top = f"{theirs}/store/{next(iter_registrations(1)).path}"
    timings = stores.compare(
        Series(stores.devenv("list_closure", CLOSURE), stores.same_place(ours)),
        Series(stores.nix("nix-store", "-qR", top), stores.same_place(theirs)),
    )
    yield from _rows(f"list a closure of {CLOSURE:,} objects", timings, "nix-store -qR", "at most 1.0")
    places = Opponents(stores.same_place(ours), stores.same_place(tenth))
    works = [("list_closure", size) for size in (CLOSURE, CLOSURE // 10)]
    yield _measure_growth("list a closure", stores, places, *works)


def _iter_descriptions(store: Path) -> Iterator[str]:
    """The objects that `make_closure` registers, for `--load-db`: path, hash, size, deriver, references."""
    for each in iter_registrations(CLOSURE):
        yield f"{store}/{each.path}\n{'0' * 64}\n{each.size}\n\n{len(each.references)}\n"
        yield from (f"{store}/{reference}\n" for reference in each.references)


def _measure_adding(stores: Stores, tree: Path, synchronised: Opponents) -> Iterator[Row]:
    unsynchronised, shared = (Opponents(stores.make_places(), stores.make_places()) for _ in range(2))
    for what, work, places, options, aim in (
        ("add the tree, neither side synchronised", "add_tree_unsynchronised", unsynchronised, (), "at most 0.7"),
        ("the same, equal files shared by Nix too", "add_tree_unsynchronised", shared, SHARED, ""),
        ("add the tree, devenv synchronised", "add_tree", synchronised, (), "at most 1.0"),
    ):
        timings = stores.compare(
            Series(stores.devenv(work, tree), places.ours),
            Series(stores.nix("nix-store", "--add", tree, *options), places.theirs),
        )
        yield from _rows(what, timings, " ".join(("nix-store --add", *options)), aim)


def _measure_many(stores: Stores, files: Path, places: Opponents) -> Iterator[Row]:
    """Nix gets all at once, too. `--load-db` would be no match: it neither reads, hashes nor writes any file."""
    timings = stores.compare(
        Series(stores.devenv("add_small", files), places.ours),
        Series(stores.nix("nix-store", "--add", *sorted(files.iterdir())), places.theirs),
    )
    yield from _rows(f"add {MANY:,} small objects, devenv synchronised", timings, "nix-store --add", "at most 1.0")


def _measure_collecting(what: str, stores: Stores, places: Opponents) -> Iterator[Row]:
    timings = stores.compare(
        Series(stores.devenv("collect"), places.ours), Series(stores.nix("nix-store", "--gc"), places.theirs)
    )
    yield from _rows(what, timings, "nix-store --gc", "at most 1.0")


def _measure_growth(
    what: str, stores: Stores, places: Opponents, work: tuple[object, ...], tenth: tuple[object, ...]
) -> Row:
    """The work on ten times as many objects, against that on a tenth."""
    timings = stores.compare(Series(stores.devenv(*work), places.ours), Series(stores.devenv(*tenth), places.theirs))
    return compare(f"{what}, ten times as many objects", work_of(timings), "a tenth", "at most 11")


def _measure_memory(stores: Stores) -> Iterator[Row]:
    """Of an object that is made on the way, carried to another store, and collected."""
    source, target = stores.make_place(), stores.make_place()
    archive = stores.directory / "archive"
    what = f"memory at the peak, one object of {MEMORY_BYTES / 1e9:.0f} GB with {MEMORY_FILES:,} small files"
    for name, place, work in (
        ("add", source, ("add_made",)),
        ("verify", source, ("verify",)),
        ("export", source, ("export_all", archive)),
        ("import", target, ("import_all", archive)),
        ("collect", source, ("collect",)),
    ):
        memory = stores.devenv(*work)(place).process.memory
        yield Row(f"{what}: {name}", "MB", memory / 1e6, "under 100 MB")


def _rows(what: str, timings: Timings, peer: str, aim: str) -> Iterator[Row]:
    yield compare(f"{what}: the work alone", work_of(timings), peer, aim)
    yield compare(f"{what}: the whole process", whole_of(timings), peer, aim)
