"""The store's database: which objects are valid, what they refer to, which derivation led to which.

Only this module and `database_file` see `sqlite3`; its exceptions become StoreError here.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import StoreError
from devenv.store.database_file import (
    SCHEMA_VERSION,
    connect,
    create_schema,
    damaged_error,
    ended,
    migrate,
    read_version,
    shared_use,
    sole_use,
    store_error,
    transaction,
)
from devenv.store_path import StorePath, require_store_path


@dataclass(frozen=True, slots=True)
class Registration:
    """An object to be made valid: the bytes of its NAR and what it refers to, itself left out."""

    path: StorePath
    size: int
    references: Sequence[StorePath] = ()


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """What is known of a valid object: the bytes of its NAR, when it came (seconds since the epoch), references."""

    size: int
    registered: int
    references: tuple[StorePath, ...]


Graph = Mapping[StorePath, ObjectRecord]
"""All valid objects."""


class StoreDatabase:
    """An open database; each method is one transaction. May be used from several threads: they take turns."""

    def __init__(self, path: Path, *, alone: bool = False, find_gap: Callable[[], str | None] = lambda: None) -> None:
        """Open the file at `path`, or make it. `alone`: the caller holds `sole_use` of it.

        Where it is made, `find_gap` is asked why it would not know what lies on the disk (None: it does).
        """
        self._path = path
        self._turn = threading.RLock()
        use = contextlib.nullcontext if alone else shared_use
        with self._mapped(), contextlib.ExitStack() as opened:
            opened.enter_context(use(path))
            self._connection = opened.enter_context(contextlib.closing(connect(path)))
            if self._version() not in {0, SCHEMA_VERSION}:
                self._require_known_version()
                opened.pop_all().close()
                with contextlib.nullcontext() if alone else sole_use(path):
                    migrate(path)
                opened.enter_context(use(path))
                self._connection = opened.enter_context(contextlib.closing(connect(path)))
            if self._version() == 0:
                create_schema(self._connection, find_gap())
            self._opened = opened.pop_all()

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        """Takes the turn, and makes SQLite's errors ours."""
        try:
            with self._turn:
                yield
        except sqlite3.Error as error:
            raise store_error(self._path, error) from error

    def _version(self) -> int:
        return read_version(self._connection)

    def _require_known_version(self) -> None:
        if self._version() > SCHEMA_VERSION:
            raise StoreError(
                f"the store's database `{self._path}` was written by a newer devenv",
                hint="use that devenv, or set another `base` in the settings",
                slug="database-newer",
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mapped(), transaction(self._connection):
            yield self._connection

    def close(self) -> None:
        """Give the file back."""
        self._opened.close()

    def is_valid(self, path: StorePath) -> bool:
        """Whether the object is registered (its presence on disk is another question)."""
        return bool(self.valid_paths([path]))

    def valid_paths(self, paths: Iterable[StorePath]) -> set[StorePath]:
        """Those of `paths` that are registered."""
        query = "SELECT 1 FROM objects WHERE path = ?"
        with self._mapped():
            return {path for path in paths if self._connection.execute(query, (str(path),)).fetchone() is not None}

    def register(
        self, registrations: Sequence[Registration], outputs: Mapping[tuple[str, str], StorePath] | None = None
    ) -> None:
        """Make objects valid, all or none; they may refer to each other. `outputs` as for `register_realisations`.

        Where one is valid, references are added: the same content may have come from a derivation that did not have
        what it names among its inputs. Raises StoreError (`reference-invalid`) where a reference is not valid.
        """
        now = int(time.time())
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO objects (path, size, registered) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(str(each.path), each.size, now) for each in registrations],
            )
            for each in registrations:
                self._add_references(connection, each)
            _add_realisations(connection, outputs or {})

    def _add_references(self, connection: sqlite3.Connection, registration: Registration) -> None:
        for reference in registration.references:
            added = connection.execute(
                """INSERT OR IGNORE INTO object_references
                   SELECT one.id, other.id FROM objects AS one, objects AS other WHERE one.path = ? AND other.path = ?
                   RETURNING 1""",
                (str(registration.path), str(reference)),
            ).fetchone()
            if added is None and not self.is_valid(reference):
                raise StoreError(
                    f"`{registration.path}` refers to `{reference}`, which is not in the store",
                    hint="run the command again; `devenv store verify --all` tells what else is missing",
                    slug="reference-invalid",
                )

    def forget(self, paths: Iterable[StorePath]) -> None:
        """Make objects invalid whose files are gone or damaged, and with them everything that refers to them."""
        referrers = """
            WITH RECURSIVE referrers (id) AS (
                SELECT id FROM objects WHERE path = ?
                UNION SELECT referrer FROM object_references JOIN referrers ON reference = id
            ) SELECT id FROM referrers"""
        with self._transaction() as connection:
            for path in paths:
                rows = connection.execute(referrers, (str(path),)).fetchall()
                connection.executemany("DELETE FROM object_references WHERE referrer = ?", rows)
                connection.executemany("DELETE FROM objects WHERE id = ?", rows)

    def delete(self, paths: Sequence[StorePath]) -> None:
        """Make dead objects invalid, all or none. Raises StoreError where one that stays refers to one of them."""
        rows = [(str(path),) for path in paths]
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM object_references WHERE referrer = (SELECT id FROM objects WHERE path = ?)", rows
            )
            connection.executemany("DELETE FROM objects WHERE path = ?", rows)

    def references(self, path: StorePath) -> list[StorePath]:
        """What the object refers to, itself left out, in order."""
        return self._paths(
            """
            SELECT other.path FROM objects AS one
            JOIN object_references ON referrer = one.id
            JOIN objects AS other ON reference = other.id WHERE one.path = ? ORDER BY other.path""",
            (str(path),),
        )

    def closure(self, path: StorePath) -> list[StorePath]:
        """The object and everything it refers to, transitively, in order; nothing where it is not valid."""
        return self._paths(
            """
            WITH RECURSIVE closure (id) AS (
                SELECT id FROM objects WHERE path = ?
                UNION SELECT reference FROM object_references JOIN closure ON referrer = id
            ) SELECT path FROM closure JOIN objects USING (id) ORDER BY path""",
            (str(path),),
        )

    def closure_records(self, path: StorePath) -> dict[StorePath, ObjectRecord]:
        """The same objects in the same order, with what is known of each but its references."""
        query = """
            WITH RECURSIVE closure (id) AS (
                SELECT id FROM objects WHERE path = ?
                UNION SELECT reference FROM object_references JOIN closure ON referrer = id
            ) SELECT path, size, registered FROM closure JOIN objects USING (id) ORDER BY path"""
        with self._mapped():
            rows = self._connection.execute(query, (str(path),)).fetchall()
            return {self._require_path(text): ObjectRecord(size, registered, ()) for text, size, registered in rows}

    def _paths(self, query: str, parameters: tuple[str, ...] = ()) -> list[StorePath]:
        with self._mapped():
            return [self._require_path(text) for (text,) in self._connection.execute(query, parameters)]

    def _require_path(self, value: object) -> StorePath:
        """A path out of a row. A damaged page may hold rows of another table (FAULTS E-01)."""
        if not isinstance(value, str):
            raise damaged_error(self._path, f"{value!r} stands where a path should")
        return require_store_path(value)

    def read_graph(self) -> Graph:
        """All valid objects with their references, in the order of their paths."""
        with self._mapped():
            self._connection.execute("BEGIN")
            with ended(self._connection):
                objects = self._connection.execute("SELECT id, path, size, registered FROM objects ORDER BY path")
                rows = {number: (self._require_path(text), *rest) for number, text, *rest in objects}
                references: dict[int, list[StorePath]] = {number: [] for number in rows}
                for referrer, reference in self._connection.execute(
                    "SELECT referrer, reference FROM object_references"
                ):
                    if referrer not in rows or reference not in rows:
                        raise damaged_error(self._path, "a reference belongs to no object")
                    references[referrer].append(rows[reference][0])
        return {
            path: ObjectRecord(size, registered, tuple(references[number]))
            for number, (path, size, registered) in rows.items()
        }

    def find_realisation(self, derivation: str, output: str) -> StorePath | None:
        """The valid object that the derivation's output is known to be."""
        query = "SELECT path FROM realisations JOIN objects ON object = id WHERE derivation = ? AND output = ?"
        with self._mapped():
            row = self._connection.execute(query, (derivation, output)).fetchone()
            return None if row is None else self._require_path(row[0])

    def register_realisations(self, outputs: Mapping[tuple[str, str], StorePath]) -> None:
        """Remember what outputs are, by (derivation, output); StoreError (`reference-invalid`) unless all are valid."""
        with self._transaction() as connection:
            _add_realisations(connection, outputs)

    def realisations(self) -> list[tuple[str, str, StorePath]]:
        """All realisations: derivation, output, object; in order."""
        query = """SELECT derivation, output, path FROM realisations JOIN objects ON object = id
                   ORDER BY derivation, output"""
        with self._mapped():
            return [(key, output, self._require_path(text)) for key, output, text in self._connection.execute(query)]

    def find_gap(self) -> str | None:
        """Why the database does not know all that lies on the disk; None where it does."""
        with self._mapped():
            row = self._connection.execute("SELECT reason FROM gaps").fetchone()
        return None if row is None else str(row[0])

    def problems(self) -> list[str]:
        """What SQLite finds wrong with the file, a line each."""
        with self._mapped():
            found = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check")]
            broken = self._connection.execute("PRAGMA foreign_key_check").fetchall()
        return [line for line in found if line != "ok"] + [f"a row of {row[0]} points to nothing" for row in broken]

    def require_sound(self) -> None:
        """Raises StoreError (`database-failed`) where `problems` finds any: who deletes by it asks first."""
        if problems := self.problems():
            raise damaged_error(self._path, problems[0])


def _add_realisations(connection: sqlite3.Connection, outputs: Mapping[tuple[str, str], StorePath]) -> None:
    for (derivation, output), path in outputs.items():
        added = connection.execute(
            "INSERT OR REPLACE INTO realisations SELECT ?, ?, id FROM objects WHERE path = ? RETURNING 1",
            (derivation, output, str(path)),
        ).fetchone()
        if added is None:
            raise StoreError(
                f"`{path}` is not in the store any more", hint="run the command again", slug="reference-invalid"
            )
