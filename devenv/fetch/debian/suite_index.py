"""What a suite offers for one architecture, from the file that `suite_database` made: packages by name and by word."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

from devenv.debian.record import DebRecord
from devenv.debian.search import DebSummary
from devenv.fetch.debian.suite_database import COLUMNS, find_database
from devenv.ranking import PART_LENGTH

SELECTED = ", ".join(f"packages.{column}" for column in COLUMNS)
CONDITIONS = (
    "(name LIKE ? ESCAPE '!' OR ' ' || lower(summary) || ' ' GLOB ?)",
    "(name LIKE ? ESCAPE '!' OR summary LIKE ? ESCAPE '!')",
)
"""That a word applies: a short one, which must begin a name or stand alone, and a longer one."""
CACHE_PAGES = 1000
"""Pages (4 kB) that SQLite keeps."""


class SuiteIndex:
    """The packages of one suite. May be used from several threads; to be closed."""

    def __init__(self, path: Path) -> None:
        # Never written again: no locks, and no files beside it.
        address = f"file:{quote(str(path))}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        try:
            self._connection.execute(f"PRAGMA cache_size = {CACHE_PAGES}")
        except sqlite3.Error:
            self.close()
            raise

    @classmethod
    def open(cls, path: Path, revision: str | None = None) -> Self | None:
        """The index in the file at `path`; None where it is missing, damaged, or not of `revision` (None: of any).

        The file's time is that of its last opening, for `index_limit`.
        """
        if find_database(path, revision) is None:
            return None
        try:
            opened = cls(path)
        except sqlite3.Error:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def find(self, name: str) -> DebRecord | None:
        """The package with that name, in the newest version of all pockets."""
        row = self._connection.execute(f"SELECT {SELECTED} FROM packages WHERE name = ?", (name,)).fetchone()  # noqa: S608 - no foreign text
        return _make_record(row) if row is not None else None

    def providers(self, name: str) -> Sequence[tuple[DebRecord, str | None]]:
        """The packages that provide `name`, by their own names, and the version in which they do."""
        rows = self._connection.execute(
            f"SELECT {SELECTED}, provides.version FROM provides JOIN packages ON packages.id = provides.package"  # noqa: S608 - no foreign text
            " WHERE provides.name = ? ORDER BY packages.name, provides.rowid",
            (name,),
        )
        return [(_make_record(row[:-1]), row[-1]) for row in rows]

    def names(self, start: str = "", limit: int = -1) -> Sequence[str]:
        """The names of packages that begin with `start`, sorted; the first `limit` of them, or all."""
        # No name has a character beyond ASCII: the second bound is behind all that begin so.
        rows = self._connection.execute(
            "SELECT name FROM packages WHERE name >= ? AND name < ? ORDER BY name LIMIT ?",
            (start, f"{start}\N{DELETE}", limit),
        )
        return [name for (name,) in rows]

    def search(self, words: Sequence[str]) -> Sequence[DebSummary]:
        """The packages that all `words` may apply to, in no order: what `devenv.debian.search` ranks."""
        condition = " AND ".join(CONDITIONS[len(word) >= PART_LENGTH] for word in words) or "TRUE"
        patterns = [pattern for word in words for pattern in _patterns(word.lower())]
        rows = self._connection.execute(f"SELECT name, section, summary FROM packages WHERE {condition}", patterns)  # noqa: S608 - no foreign text
        return [DebSummary(*row) for row in rows]

    def count(self) -> int:
        """How many packages there are."""
        (count,) = self._connection.execute("SELECT count(*) FROM packages").fetchone()
        return int(count)


def _patterns(word: str) -> tuple[str, str]:
    """What fills one of `CONDITIONS`."""
    part = re.sub("[%_!]", r"!\g<0>", word)
    if len(word) >= PART_LENGTH:
        return f"%{part}%", f"%{part}%"
    alone = re.sub("[*?[]", r"[\g<0>]", word)
    return f"{part}%", f"*[^a-z0-9]{alone}[^a-z0-9]*"


def _make_record(row: Sequence[object]) -> DebRecord:
    values = dict(zip(COLUMNS, row, strict=True))
    values["essential"] = bool(values["essential"])
    return DebRecord(**values)  # type: ignore[arg-type]
