"""Makes the file in which `suite_index` looks packages up: SQLite, for one suite and one architecture.

    packages   one row a package: the newest that any pocket has, by Debian's rules, decided here
    provides   which package provides a virtual name, and in which version

The file appears complete or not at all, and beside it a note of what it is made from and of its own hash, so that one
that is damaged, cut off or of another devenv counts as missing. It is never changed afterwards.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from devenv.debian.record import DebRecord
from devenv.debian.relations import parse_provides
from devenv.debian.source_record import SourceRecord
from devenv.debian.version import compare_versions
from devenv.fsutil import make_private_directory, read_regular, sync_directory, write_atomic

Record = TypeVar("Record", DebRecord, SourceRecord)

FORMAT = "devenv-debian-suite-1"
NOTE_LIMIT = 1 << 12
"""Bytes of a note."""
UNFINISHED_SUFFIX = ".part"

COLUMNS = tuple(field.name for field in fields(DebRecord))
VALUES = attrgetter(*COLUMNS)
"""The values of a record, in that order."""

SCHEMA = f"""
    CREATE TABLE packages (id INTEGER PRIMARY KEY, {", ".join(COLUMNS)});
    CREATE TABLE provides (name TEXT, version TEXT, package INTEGER);
"""
INDEXES = """
    CREATE UNIQUE INDEX packages_by_name ON packages (name);
    CREATE INDEX packages_by_word ON packages (name, section, summary);
    CREATE INDEX provides_by_name ON provides (name);
"""
"""A search reads all of `packages_by_word`, a seventh of the file."""


def database_path(directory: Path, suite: str, architecture: str) -> Path:
    """Where the file for a suite and an architecture lies."""
    return directory / f"{suite}-{architecture}.sqlite"


def note_path(path: Path) -> Path:
    """Where the note on the file at `path` lies."""
    return path.with_suffix(".json")


def unfinished_path(path: Path) -> Path:
    """Where the file for `path` is while it is being made."""
    return path.with_suffix(UNFINISHED_SUFFIX)


def lock_path(path: Path) -> Path:
    """The lock that is held by whoever makes or removes the file at `path`."""
    return path.with_suffix(".lock")


def write_database(path: Path, revision: str, records: Iterable[DebRecord]) -> None:
    """Put a file with `records` in the place of `path`, of one name the last; `revision` says what they come from.

    Raises OSError or sqlite3.Error where it cannot be written, and whatever `records` raises; then all stays as it was.
    """
    write_file(path, revision, lambda connection: _fill(connection, records))


def write_file(path: Path, revision: str, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Put the database that `fill` makes in the place of `path`, as `write_database` does; raises what it raises."""
    make_private_directory(path.parent)
    # Always the same name, so that whoever holds the lock takes away what a killed process left.
    temporary = unfinished_path(path)
    temporary.unlink(missing_ok=True)
    try:
        with _opened(temporary) as connection:
            fill(connection)
        digest = _hash_and_sync(temporary)
        # The note last: without its hash the file counts as missing.
        os.replace(temporary, path)
        write_atomic(note_path(path), json.dumps({"format": FORMAT, "revision": revision, "blake3": digest}).encode())
        sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.close(descriptor)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Nobody sees the file before it is complete, and a write-ahead log would leave files beside it.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def _fill(connection: sqlite3.Connection, records: Iterable[DebRecord]) -> None:
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    provided: list[tuple[str, str | None, int]] = []
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    connection.executemany(f"INSERT INTO packages VALUES ({marks})", _iter_rows(records, provided))  # noqa: S608 - no foreign text
    connection.executemany("INSERT INTO provides VALUES (?, ?, ?)", provided)
    connection.execute("DELETE FROM packages WHERE id NOT IN (SELECT max(id) FROM packages GROUP BY name)")
    connection.execute("DELETE FROM provides WHERE package NOT IN (SELECT id FROM packages)")
    connection.execute("COMMIT")
    connection.executescript(INDEXES)


def _iter_rows(
    records: Iterable[DebRecord], provided: list[tuple[str, str | None, int]]
) -> Iterator[tuple[object, ...]]:
    """The rows of `packages`; what they provide goes to `provided`."""
    for number, record in enumerate(records):
        yield number, *VALUES(record)
        if record.provides:
            provided += ((name, version, number) for name, version in parse_provides(record.provides))


def _hash_and_sync(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return _hash_file(path)


def _hash_file(path: Path) -> str:
    from blake3 import blake3

    return blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest()


def find_database(path: Path, revision: str | None) -> str | None:
    """The revision that the file at `path` was made from, if it is whole; None where it is not, or has another one."""
    try:
        note = _read_note(path)
        if revision is not None and note["revision"] != revision:
            return None
        return str(note["revision"]) if path.is_file() and _hash_file(path) == note["blake3"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_revision(path: Path) -> str | None:
    """The revision that the file at `path` was made from, by its note alone; None where that says none."""
    try:
        return str(_read_note(path)["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_note(path: Path) -> dict[str, str]:
    note: dict[str, str] = json.loads(read_regular(note_path(path), NOTE_LIMIT))
    if note["format"] != FORMAT:
        raise ValueError(f"a note in the format {note['format']!r}")
    return note


def iter_newest(small: Iterable[Record], large: Iterable[Record]) -> Iterator[Record]:
    """The newest record of each name. `small` is kept in memory; `large` goes through, and wins where both are equal.

    Where `large` has a name in several versions, as the suite in which things are made has, a newer one comes after an
    older one that came before: the last one of a name counts.
    """
    updates: dict[str, Record] = {}
    for record in small:
        other = updates.get(record.name)
        if other is None or compare_versions(record.version, other.version) > 0:
            updates[record.name] = record
    seen: dict[str, str] = {}
    for record in large:
        update = updates.pop(record.name, None)
        newest = update if update is not None and compare_versions(update.version, record.version) > 0 else record
        known = seen.get(record.name)
        if known is None or compare_versions(newest.version, known) > 0:
            seen[record.name] = newest.version
            yield newest
    yield from updates.values()
