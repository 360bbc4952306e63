"""The store's database: which objects are valid, what they refer to, which derivation led to which.

SQLite with a rollback journal and full synchronisation. Not WAL: a WAL database in a read-only directory cannot be
opened, and SQLite before 3.51.3 can corrupt one when several connections checkpoint (FAULTS finding 7). Only this
module sees `sqlite3`; its exceptions become StoreError here.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from devenv.errors import StoreError
from devenv.store_path import StorePath, require_store_path

SCHEMA_VERSION = 1
BUSY_SECONDS = 60.0
"""How long another process may hold the database before we give up."""


class StoreDatabase:
    """An open database; each method is one transaction. May be used from several threads: they take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.RLock()
        with self._mapped(), contextlib.ExitStack() as opened:
            self._connection = opened.enter_context(
                contextlib.closing(
                    sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
                )
            )
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._prepare()
            opened.pop_all()

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        """Takes the turn, and makes SQLite's errors ours."""
        try:
            with self._turn:
                yield
        except sqlite3.Error as error:
            raise _store_error(self._path, error) from error

    def _prepare(self) -> None:
        if self._version() == 0:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._committed():
                # Another process may have made the tables while we waited (FAULTS C-07).
                if self._version() == 0:
                    for statement in (Path(__file__).parent / "schema.sql").read_text().split(";\n"):
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if self._version() > SCHEMA_VERSION:
            raise StoreError(
                f"the store's database `{self._path}` was written by a newer devenv",
                hint="use that devenv, or set another `base` in the settings",
                slug="database-newer",
            )

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _committed(self) -> Iterator[None]:
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite itself has rolled back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mapped():
            self._connection.execute("BEGIN IMMEDIATE")
            with self._committed():
                yield self._connection

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def is_valid(self, path: StorePath) -> bool:
        """Whether the object is registered (its presence on disk is another question)."""
        with self._mapped():
            rows = self._connection.execute("SELECT 1 FROM objects WHERE path = ?", (str(path),))
            return rows.fetchone() is not None

    def register_object(self, path: StorePath, size: int, references: Sequence[StorePath]) -> None:
        """Make an object valid. `size` is that of its NAR in bytes.

        Where it is valid, references are added: the same content may have come from a derivation that did not have what
        it names among its inputs. Raises StoreError (`database-failed`) where a reference is not valid, and registers
        nothing then.
        """
        row = (str(path), size, int(time.time()))
        references_rows = [(str(path), str(reference)) for reference in references]
        with self._transaction() as connection:
            connection.execute("INSERT INTO objects VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row)
            connection.executemany(
                "INSERT INTO object_references VALUES (?, ?) ON CONFLICT DO NOTHING", references_rows
            )

    def forget_object(self, path: StorePath) -> None:
        """Make an object invalid whose files are gone, and with it everything that refers to it."""
        with self._transaction() as connection:
            closure = """
                WITH RECURSIVE referrers (path) AS (
                    VALUES (?) UNION SELECT referrer FROM object_references JOIN referrers ON reference = path
                ) SELECT path FROM referrers"""
            paths = connection.execute(closure, (str(path),)).fetchall()
            connection.executemany("DELETE FROM object_references WHERE referrer = ?", paths)
            connection.executemany("DELETE FROM objects WHERE path = ?", paths)

    def references(self, path: StorePath) -> list[StorePath]:
        """What the object refers to, itself left out, in order."""
        with self._mapped():
            rows = self._connection.execute(
                "SELECT reference FROM object_references WHERE referrer = ? ORDER BY reference", (str(path),)
            )
            return [require_store_path(row[0]) for row in rows]

    def closure(self, path: StorePath) -> list[StorePath]:
        """The object and everything it refers to, transitively, in order."""
        with self._mapped():
            rows = self._connection.execute(
                """
                WITH RECURSIVE closure (path) AS (
                    VALUES (?) UNION SELECT reference FROM object_references JOIN closure ON referrer = path
                ) SELECT path FROM closure ORDER BY path""",
                (str(path),),
            )
            return [require_store_path(row[0]) for row in rows]

    def find_realisation(self, derivation: str, output: str) -> StorePath | None:
        """The valid object that the derivation's output is known to be."""
        with self._mapped():
            row = self._connection.execute(
                "SELECT path FROM realisations WHERE derivation = ? AND output = ?", (derivation, output)
            ).fetchone()
            return None if row is None else require_store_path(row[0])

    def register_realisation(self, derivation: str, output: str, path: StorePath) -> None:
        """Remember that the derivation's output is `path`, which must be valid."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO realisations VALUES (?, ?, ?)", (derivation, output, str(path)))


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    """What an error of SQLite means for a person. Errors of the Python module itself have no code."""
    # The lower byte is the kind, what is above it the occasion (SQLite's extended result codes).
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StoreError(
                f"the disk is full at `{path}`", hint="free some space and run the command again", slug="disk-full"
            )
        case sqlite3.SQLITE_BUSY:
            return StoreError(
                f"another process holds the store's database `{path}` for more than {BUSY_SECONDS:.0f} seconds",
                hint="wait until it has finished, then run the command again",
                slug="database-busy",
                transient=True,
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return StoreError(
                f"the store's database `{path}` cannot be written: {error}",
                hint="check who may write there, or set another `base` in `~/.config/devenv/settings.toml`",
                slug="store-unusable",
            )
        case _:
            return StoreError(
                f"the store's database `{path}` cannot be used: {error}",
                hint=f"move `{path}` away: it is made again, and objects are checked as they are found",
                slug="database-failed",
            )
