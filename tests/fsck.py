"""Checks a store from outside against the invariants of FAULTS section 3: after every fault, attack and race.

`check_store` reads the disk and the SQLite file itself; of devenv's own code it believes only what recomputes an
object's name from its content. It raises AssertionError that begins with the invariant (`I2: …`). `unchanged` holds a
tree that nothing may touch against its copy in memory (I10). Neither needs pytest. I9 (no process left) and I12 (the
same command succeeds) are for whoever starts processes and commands.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from blake3 import blake3

from devenv.errors import StoreError
from devenv.fsutil import TEMPORARY_PREFIX
from devenv.settings import Settings
from devenv.store.check import examine
from devenv.store.layout import Layout, layout_of
from devenv.store_path import StorePath, parse_store_path

UNFINISHED_PREFIXES = (TEMPORARY_PREFIX, ".trash-")
FILE_MODES = {0o444, 0o555}
DIRECTORY_MODES = {0o555}
NORMAL_TIME = 1_000_000_000
"""Nanoseconds: one second after the epoch."""
LINK_DIGITS = 40

QUERIES = {
    1: (
        "SELECT path, size FROM objects",
        "SELECT referrer, reference FROM object_references",
        "SELECT derivation, output, path FROM realisations",
    ),
    2: (
        "SELECT path, size FROM objects",
        """SELECT one.path, other.path FROM object_references
           LEFT JOIN objects AS one ON referrer = one.id LEFT JOIN objects AS other ON reference = other.id""",
        "SELECT derivation, output, path FROM realisations LEFT JOIN objects ON object = id",
    ),
}
"""By version of the schema: objects, references, realisations, each in terms of paths."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a database says: objects with the bytes of their NARs, references, realisations by derivation and output."""

    version: int
    objects: Mapping[StorePath, int]
    references: Mapping[StorePath, frozenset[StorePath]]
    realisations: Mapping[tuple[str, str], StorePath]


def check_store(settings: Settings, *, finished: bool) -> None:
    """Raise AssertionError where an invariant is broken.

    `finished`: a collection has succeeded since the last fault and no process works with the store, so that nothing
    unfinished may be left either. Without, what a killed process leaves is allowed.
    """
    layout = layout_of(settings.base)
    rows = read_rows(layout.database)
    for path in sorted(rows.objects):
        _check_object(layout.root, path, rows)
    _check_references(rows)
    _check_realisations(rows)
    _check_roots(layout, settings, rows)
    _check_links(layout.links)
    if finished:
        _check_finished(layout, settings, rows)


TABLES: Mapping[int, list[str]] = {
    0: [],
    1: ["object_references", "objects", "realisations"],
    2: ["gaps", "object_references", "objects", "realisations"],
}
"""By version of the schema; 0: a file that is only about to become a database."""


def read_rows(database: Path) -> Rows:
    """What lies in the file, which SQLite must find sound (I11); nothing where there is none, or an empty one."""
    if not database.exists():
        return Rows(0, {}, {}, {})
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
        assert found == [("ok",)], f"I11: the database is damaged: {found}"
        found = connection.execute("PRAGMA foreign_key_check").fetchall()
        assert found == [], f"I11: rows point to nothing: {found}"
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = sorted(name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert tables == TABLES[version], f"I11: the schema is between two versions: {version} with {tables}"
        return _read_tables(connection, version)


def _read_tables(connection: sqlite3.Connection, version: int) -> Rows:
    if version == 0:
        return Rows(0, {}, {}, {})
    objects, references, realisations = (connection.execute(query).fetchall() for query in QUERIES[version])
    sizes = {parse_store_path(path): size for path, size in objects}
    by_referrer: dict[StorePath, set[StorePath]] = {path: set() for path in sizes}
    for referrer, reference in references:
        by_referrer[parse_store_path(referrer)].add(parse_store_path(reference))
    return Rows(
        version,
        sizes,
        {path: frozenset(found) for path, found in by_referrer.items()},
        _unique(((derivation, output), parse_store_path(path)) for derivation, output, path in realisations),
    )


Key = TypeVar("Key")
Value = TypeVar("Value")


def _unique(pairs: Iterator[tuple[Key, Value]]) -> dict[Key, Value]:
    result: dict[Key, Value] = {}
    for key, value in pairs:
        assert key not in result, f"I7: two objects for {key}"
        result[key] = value
    return result


def _check_object(root: Path, path: StorePath, rows: Rows) -> None:
    assert os.path.lexists(root / str(path)), f"I1: `{path}` is registered and not there"
    for place in _iter_places(root / str(path)):
        _check_place(place)
    neighbours = {each.digest for each in rows.objects}
    try:
        found = examine(root, path, neighbours)
    except StoreError as error:
        raise AssertionError(f"I2: `{path}` is registered and no object: {error}") from error
    assert found.digest == path.digest, f"I2: `{path}` has other content than its name says ({found.digest})"
    assert found.size == rows.objects[path], f"I2: `{path}` has {found.size} bytes, not {rows.objects[path]}"
    unfounded = {each for each in rows.references[path] if each.digest not in found.references}
    assert not unfounded, f"I3: `{path}` does not name {sorted(unfounded)}"


def _iter_places(top: Path) -> Iterator[Path]:
    yield top
    if top.is_dir() and not top.is_symlink():
        for directory, directories, files in os.walk(top):
            yield from (Path(directory, name) for name in [*directories, *files])


def _check_place(place: Path) -> None:
    """I5, and the type of I1: what an object holds is normalised."""
    status = place.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        assert mode in DIRECTORY_MODES, f"I5: the directory `{place}` has the mode {mode:o}"
    elif stat.S_ISREG(status.st_mode):
        assert mode in FILE_MODES, f"I5: `{place}` has the mode {mode:o}"
    else:
        assert stat.S_ISLNK(status.st_mode), f"I5: `{place}` is a special file"
    assert status.st_mtime_ns == NORMAL_TIME, f"I5: `{place}` has the time {status.st_mtime_ns}"
    if hasattr(os, "listxattr"):
        attributes = os.listxattr(place, follow_symlinks=False)
        assert not attributes, f"I5: `{place}` has attributes: {attributes}"


def _check_references(rows: Rows) -> None:
    for path, references in rows.references.items():
        missing = references - rows.objects.keys()
        assert not missing, f"I3: `{path}` refers to {sorted(missing)}, which are not registered"
        assert path not in references, f"I3: `{path}` is registered as referring to itself"


def _check_realisations(rows: Rows) -> None:
    for (derivation, output), path in rows.realisations.items():
        assert path in rows.objects, f"I7: `{output}` of {derivation} is `{path}`, which is not registered"


def _check_roots(layout: Layout, settings: Settings, rows: Rows) -> None:
    """I6: a root leads to an object that is registered, or to nothing (which a collection reports as stale)."""
    for root in iter_roots(layout, settings):
        target = Path(os.readlink(root))
        if target.parent == layout.root and target.exists():
            path = parse_store_path(target.name)
            assert path in rows.objects, f"I6: the root `{root}` leads to `{path}`, which is not registered"


def iter_roots(layout: Layout, settings: Settings) -> Iterator[Path]:
    """The links by which people and generations keep objects alive."""
    for entry in sorted(layout.roots.glob("*/link")):
        link = Path(os.readlink(entry))
        if link.is_symlink():
            yield link
    yield from sorted(settings.state.glob("projects/*/generations/*/environment"))


def _check_links(links: Path) -> None:
    """Whatever may become a part of new objects is what its name says."""
    if not links.is_dir():
        return
    for name in sorted(os.listdir(links)):
        if name.startswith(TEMPORARY_PREFIX):
            continue
        link, digest, executable = links / name, name[:LINK_DIGITS], name[LINK_DIGITS:]
        _check_place(link)
        status = link.lstat()
        assert stat.S_ISREG(status.st_mode), f"I5: the link `{name}` is no file"
        found = blake3(link.read_bytes()).hexdigest()
        assert found[:LINK_DIGITS] == digest, f"I2: the link `{name}` has other content"
        mode = 0o555 if executable == "x" else 0o444
        assert stat.S_IMODE(status.st_mode) == mode, f"I5: the link `{name}` is not of the mode {mode:o}"


def _check_finished(layout: Layout, settings: Settings, rows: Rows) -> None:
    """I8: nothing is left of work that is over."""
    names = set(os.listdir(layout.root)) if layout.root.is_dir() else set()
    unregistered = names - set(map(str, rows.objects))
    assert not unregistered, f"I8: in the store lie {sorted(unregistered)}, which are not registered"
    for directory in (layout.locks, layout.temporary_roots):
        left = os.listdir(directory) if directory.is_dir() else []
        assert not left, f"I8: in `{directory.name}` are left {sorted(left)}"
    for directory in _iter_tidy(layout, settings):
        left = [name for name in os.listdir(directory) if name.startswith(UNFINISHED_PREFIXES)]
        assert not left, f"I8: in `{directory}` are left {sorted(left)}"
    beside = {f"{layout.database.name}{suffix}" for suffix in (".new", ".new-journal", ".new.lock", "-wal", "-shm")}
    left = sorted(beside.intersection(os.listdir(layout.base)))
    assert not left, f"I8: beside the database are left {left}"


def _iter_tidy(layout: Layout, settings: Settings) -> Iterator[Path]:
    """Directories in which a command that succeeded leaves nothing with the name of something unfinished."""
    places = [layout.links, layout.roots, layout.base / "states"]
    places += [each.parent for each in iter_roots(layout, settings)]
    places += sorted(settings.state.glob("projects/*")) + sorted(settings.state.glob("projects/*/generations"))
    places += [place.parent for place in sorted(settings.state.glob("active/**/@devenv"))]
    return (place for place in dict.fromkeys(places) if place.is_dir())


Fingerprint = Mapping[str, tuple[int, str]]
"""By path relative to the top: the mode with the type in it, and a digest of the content or the target."""


@contextlib.contextmanager
def unchanged(top: Path, without: Collection[Path] = ()) -> Iterator[None]:
    """Whatever lies in `top` is the same afterwards, but for what lies in the directories `without` (I10)."""
    before = fingerprint(top, without)
    yield
    after = fingerprint(top, without)
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    assert not changed, f"I10: in `{top}` were changed {changed}"


def fingerprint(top: Path, without: Collection[Path] = ()) -> Fingerprint:
    """All names below `top` with their modes and contents. Times do not count: reading changes some of them."""
    found: dict[str, tuple[int, str]] = {}
    for directory, directories, files in os.walk(top):
        directories[:] = [name for name in directories if Path(directory, name) not in without]
        for name in (*directories, *files):
            place = Path(directory, name)
            if place not in without:
                found[os.path.relpath(place, top)] = (place.lstat().st_mode, _digest(place))
    return found


def _digest(place: Path) -> str:
    if place.is_symlink():
        return os.readlink(place)
    return hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else ""
