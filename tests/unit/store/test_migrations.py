"""Databases of earlier versions: what they knew is known afterwards, in a schema like that of a new one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.errors import StoreError
from devenv.store import database_file
from devenv.store.database import ObjectRecord, Registration, StoreDatabase
from devenv.store.database_file import SCHEMA_VERSION
from devenv.store_path import StorePath, parse_store_path
from tests.objects import KEY

OLDEST = Path(__file__).parents[2] / "data" / "store" / "version-1.sql"
BELOW = parse_store_path("9yqihwpmif78i6y3cn2hp2a03gihnk7k-below")
ABOVE = parse_store_path("nwyh93xk8wyk524yl9d5r0mb8qz0rpf0-above")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A database of version 1."""
    place = tmp_path / "store.sqlite"
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.executescript(OLDEST.read_text())
    return place


def dump(place: Path) -> list[str]:
    """Everything that a file holds, as statements in one order."""
    with contextlib.closing(sqlite3.connect(place)) as connection:
        return sorted(connection.iterdump())


@contextlib.contextmanager
def opened(place: Path) -> Iterator[StoreDatabase]:
    with contextlib.closing(StoreDatabase(place)) as database:
        yield database


def schema(place: Path) -> set[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(place)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        assert version == SCHEMA_VERSION
        return set(connection.execute("SELECT name, sql FROM sqlite_master"))


def test_same_schema_as_a_new_one(place: Path, tmp_path: Path) -> None:
    """A migrated database has, to the letter, the tables and indices of one that is made today (O-05)."""
    for each in (place, tmp_path / "new.sqlite"):
        StoreDatabase(each).close()
    assert schema(place) == schema(tmp_path / "new.sqlite")


def test_all_rows_are_kept(place: Path) -> None:
    """Objects, sizes, times, references and realisations survive (O-05)."""
    with opened(place) as database:
        assert database.read_graph() == {
            BELOW: ObjectRecord(712, 1763683200, ()),
            ABOVE: ObjectRecord(832, 1763683201, (BELOW,)),
        }
        assert database.realisations() == [(KEY, "out", ABOVE)]
        assert database.closure(ABOVE) == [BELOW, ABOVE]
        assert database.problems() == []


def test_constraints_hold_afterwards(place: Path) -> None:
    """What is referred to still cannot be deleted, and what refers to it goes with what is forgotten (E-08, I3)."""
    with opened(place) as database:
        with pytest.raises(StoreError):
            database.delete([BELOW])
        with pytest.raises(StoreError):
            database.register([Registration(StorePath("0" * 32, "x"), 1, [StorePath("1" * 32, "y")])])
        database.forget([BELOW])
        assert database.read_graph() == {}
        assert database.realisations() == []


def test_many_rows(place: Path) -> None:
    """Thousands of objects with references across each other come out as they went in."""
    paths = [StorePath(f"{number:032d}", "n") for number in range(3000)]
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.executemany("INSERT INTO objects VALUES (?, 1, 1)", [(str(path),) for path in paths])
        connection.executemany(
            "INSERT INTO object_references VALUES (?, ?)",
            [
                (str(path), str(other))
                for number, path in enumerate(paths)
                for other in paths[max(number - 3, 0) : number]
            ],
        )
        connection.commit()
    with opened(place) as database:
        graph = database.read_graph()
        assert len(graph) == 3002
        assert all(
            graph[path].references == tuple(paths[max(number - 3, 0) : number]) for number, path in enumerate(paths)
        )


def test_opened_twice(place: Path) -> None:
    """A migration happens once: the second opening finds nothing to do and changes nothing."""
    StoreDatabase(place).close()
    before = dump(place)
    StoreDatabase(place).close()
    assert dump(place) == before


@pytest.mark.parametrize("step", range(1, 15))
def test_failure_in_the_middle(place: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that fails at any statement leaves the old database, which the next one migrates (B-01, O-05)."""
    before = dump(place)
    passed = 0

    def full(name: str) -> None:
        nonlocal passed
        passed += name == "database.schema"
        if passed == step:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(database_file, "fault_point", full)
    with pytest.raises(OSError, match="No space"):
        StoreDatabase(place)
    assert dump(place) == before
    monkeypatch.undo()
    with opened(place) as database:
        assert database.closure(ABOVE) == [BELOW, ABOVE]
