"""The source packages of a suite in a file of their own, made and kept as `suite_database` keeps those of packages.

sources   one row an archive: the name and version of its package, and what `SourceFile` says of it
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Self
from urllib.parse import quote

from devenv.debian.source_record import SourceFile, SourceRecord
from devenv.fetch.debian.suite_database import find_database, write_file

COLUMNS = tuple(field.name for field in fields(SourceFile))
VALUES = attrgetter(*COLUMNS)

SCHEMA = f"""
    CREATE TABLE packages (id INTEGER PRIMARY KEY, name TEXT, version TEXT);
    CREATE TABLE files (package INTEGER, {", ".join(COLUMNS)});
"""
INDEXES = """
    DELETE FROM packages WHERE id NOT IN (SELECT max(id) FROM packages GROUP BY name);
    DELETE FROM files WHERE package NOT IN (SELECT id FROM packages);
    CREATE UNIQUE INDEX packages_by_name ON packages (name);
    CREATE INDEX files_by_package ON files (package);
"""


class SourceDatabase:
    """The source packages of one suite. May be used from several threads; to be closed."""

    def __init__(self, path: Path) -> None:
        address = f"file:{quote(str(path))}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)

    @classmethod
    def open(cls, path: Path, revision: str | None = None) -> Self | None:
        """What lies at `path`; None where it is missing, damaged, or not of `revision` (None: of any)."""
        if find_database(path, revision) is None:
            return None
        with contextlib.suppress(sqlite3.Error):
            opened = cls(path)
            with contextlib.suppress(OSError):
                os.utime(path)
            return opened
        return None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def find(self, name: str) -> SourceRecord | None:
        """The source package with that name, in the newest version of all pockets."""
        found = self._connection.execute("SELECT id, version FROM packages WHERE name = ?", (name,)).fetchone()
        if found is None:
            return None
        number, version = found
        rows = self._connection.execute(
            f"SELECT {', '.join(COLUMNS)} FROM files WHERE package = ? ORDER BY rowid",  # noqa: S608 - no foreign text
            (number,),
        )
        return SourceRecord(name, version, tuple(SourceFile(*row) for row in rows))


def write_source_database(path: Path, revision: str, records: Iterable[SourceRecord]) -> None:
    """Put a file with `records` in the place of `path`; otherwise like `suite_database.write_database`."""
    write_file(path, revision, lambda connection: _fill(connection, records))


def _fill(connection: sqlite3.Connection, records: Iterable[SourceRecord]) -> None:
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    for number, record in enumerate(records):
        connection.execute("INSERT INTO packages VALUES (?, ?, ?)", (number, record.name, record.version))
        rows = [(number, *VALUES(file)) for file in record.files]
        connection.executemany(f"INSERT INTO files VALUES ({marks})", rows)  # noqa: S608 - no foreign text
    connection.execute("COMMIT")
    connection.executescript(INDEXES)
