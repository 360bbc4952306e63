"""The store's database: schema, transactions, and what its errors say."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.errors import StoreError
from devenv.store import database_file
from devenv.store.database import Registration, StoreDatabase
from devenv.store.database_file import SCHEMA_VERSION
from devenv.store.graph import plan_deletion
from devenv.store_path import StorePath
from tests.objects import KEY, empty_index


def object_path(number: int, name: str = "thing") -> StorePath:
    return StorePath(f"{number:032d}", name)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def database(place: Path) -> Iterator[StoreDatabase]:
    database = StoreDatabase(place)
    yield database
    database.close()


def chain(database: StoreDatabase, length: int) -> list[StorePath]:
    """Objects of which each refers to the one before and to itself not."""
    paths = [object_path(number) for number in range(length)]
    for number, path in enumerate(paths):
        database.register([Registration(path, 1, paths[max(number - 1, 0) : number])])
    return paths


def test_opened_again(place: Path) -> None:
    """What was registered is there when the database is opened again."""
    first = StoreDatabase(place)
    first.register([Registration(object_path(1), 7, [])])
    first.register_realisations({(KEY, "out"): object_path(1)})
    first.close()
    second = StoreDatabase(place)
    assert second.is_valid(object_path(1))
    assert second.find_realisation(KEY, "out") == object_path(1)
    assert second.find_realisation(KEY, "dev") is None
    second.close()


def test_durable_and_without_log(database: StoreDatabase, place: Path) -> None:
    """Commits are synchronised, references enforced, and there is no write-ahead log, which read-only media refuse."""
    pragmas = {
        name: database._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("synchronous", "journal_mode", "foreign_keys", "user_version")
    }
    assert pragmas == {"synchronous": 2, "journal_mode": "truncate", "foreign_keys": 1, "user_version": SCHEMA_VERSION}


def test_newer_schema_is_refused(place: Path) -> None:
    """A database of a newer devenv is left alone, with a message that says so (E-04)."""
    StoreDatabase(place).close()
    connection = sqlite3.connect(place)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = place.read_bytes()
    with pytest.raises(StoreError) as caught:
        StoreDatabase(place)
    assert caught.value.slug == "database-newer"
    assert place.read_bytes() == before


@pytest.mark.parametrize("damage", ["garbage", "header", "directory"])
def test_unusable_file_says_what_to_do(place: Path, damage: str) -> None:
    """A database that cannot be opened is an error with the file and the next step, never an empty store (E-01)."""
    if damage == "directory":
        place.mkdir()
    else:
        StoreDatabase(place).close()
        content = place.read_bytes()
        place.write_bytes(b"garbage" * 999 if damage == "garbage" else b"\0" * 100 + content[100:])
    with pytest.raises(StoreError) as caught:
        StoreDatabase(place)
    assert caught.value.slug == ("store-unusable" if damage == "directory" else "database-failed")
    assert str(place) in caught.value.message
    assert caught.value.hint


def test_closure(database: StoreDatabase) -> None:
    """The closure is the object and all below it, in order."""
    paths = chain(database, 5)
    assert database.closure(paths[3]) == paths[:4]
    assert database.references(paths[3]) == [paths[2]]


def test_closure_of_a_diamond(database: StoreDatabase) -> None:
    """Many ways to one object do not make many visits: 40 levels take no time (N-08)."""
    lower: list[StorePath] = []
    for level in range(40):
        pair = [object_path(2 * level), object_path(2 * level + 1)]
        for path in pair:
            database.register([Registration(path, 1, lower)])
        lower = pair
    assert len(database.closure(lower[0])) == 79


def test_forgetting_takes_what_refers_to_it(database: StoreDatabase) -> None:
    """When an object is gone, what refers to it is no longer valid, nor are realisations that led there (I3, I7)."""
    paths = chain(database, 4)
    database.register([Registration(object_path(9), 1, [])])
    for number, path in enumerate([*paths, object_path(9)]):
        database.register_realisations({(KEY, f"out{number}"): path})
    database.forget([paths[1]])
    assert [database.is_valid(path) for path in paths] == [True, False, False, False]
    assert database.is_valid(object_path(9))
    assert [database.find_realisation(KEY, f"out{number}") for number in range(5)] == [
        paths[0],
        None,
        None,
        None,
        object_path(9),
    ]
    assert database._connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_registering_again_adds_references(database: StoreDatabase) -> None:
    """References only ever grow: a build that declares fewer inputs takes none away."""
    for number in (1, 2):
        database.register([Registration(object_path(number), 1, [])])
    database.register([Registration(object_path(3), 1, [object_path(1)])])
    database.register([Registration(object_path(3), 1, [object_path(2)])])
    database.register([Registration(object_path(3), 1, [])])
    assert database.references(object_path(3)) == [object_path(1), object_path(2)]


def test_missing_reference_registers_nothing(database: StoreDatabase) -> None:
    """A row with a reference that is not valid is rolled back whole (E-08, A-05)."""
    database.register([Registration(object_path(1), 1, [])])
    with pytest.raises(StoreError):
        database.register([Registration(object_path(3), 1, [object_path(1), object_path(2)])])
    assert not database.is_valid(object_path(3))
    database.register([Registration(object_path(4), 1, [object_path(1)])])


def test_full_disk(database: StoreDatabase) -> None:
    """A full disk is said to be one, nothing is registered, and the connection works on once there is space (B-01)."""
    pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
    database._connection.execute(f"PRAGMA max_page_count = {pages}")
    registered = 0

    def register_until_full() -> None:
        nonlocal registered
        for registered in range(10_000):
            database.register([Registration(object_path(registered, "n" * 150), 1, [])])

    with pytest.raises(StoreError) as caught:
        register_until_full()
    assert caught.value.slug == "disk-full"
    refused = object_path(registered, "n" * 150)
    assert not database.is_valid(refused)
    database._connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    database.register([Registration(refused, 1, [])])
    assert database.is_valid(refused)


def test_busy_database(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that holds the database for too long is said to (C-08); afterwards everything works (C-14)."""
    monkeypatch.setattr(database_file, "BUSY_SECONDS", 0.05)
    database = StoreDatabase(place)
    other = sqlite3.connect(place, isolation_level=None)
    for statements in (["BEGIN IMMEDIATE"], ["BEGIN", "SELECT * FROM objects"]):
        # First somebody who writes: we cannot begin. Then somebody who reads: we begin, but cannot commit.
        for statement in statements:
            other.execute(statement).fetchall()
        with pytest.raises(StoreError) as caught:
            database.register([Registration(object_path(1), 1, [])])
        assert caught.value.slug == "database-busy"
        assert caught.value.transient
        other.execute("ROLLBACK")
        assert not database.is_valid(object_path(1))
    other.close()
    database.register([Registration(object_path(1), 1, [])])
    assert database.is_valid(object_path(1))
    database.close()


@pytest.mark.parametrize("text", ["'; DROP TABLE objects; --", "%", "../../etc", "x", "\0"])
def test_foreign_text_in_a_row_is_an_error(database: StoreDatabase, text: str) -> None:
    """A path that somebody else wrote into the database is checked before it is used as one (E-05)."""
    database._connection.execute("INSERT INTO objects VALUES (7, ?, 1, 1)", (text,))
    database._connection.execute("INSERT INTO realisations VALUES (?, 'out', 7)", (KEY,))
    with pytest.raises(StoreError) as caught:
        database.find_realisation(KEY, "out")
    assert caught.value.slug == "store-path-invalid"


def test_hostile_key_is_a_parameter(database: StoreDatabase) -> None:
    """Text never becomes part of a statement (E-05)."""
    hostile = "'; DROP TABLE objects; --%\0"
    database.register([Registration(object_path(1), 1, [])])
    database.register_realisations({(hostile, hostile): object_path(1)})
    assert database.find_realisation(hostile, hostile) == object_path(1)
    assert database.is_valid(object_path(1))


def test_damage_that_a_query_would_not_notice(place: Path) -> None:
    """Damage is asked for before anything is deleted: a query over a damaged file may simply find less (E-01)."""
    with contextlib.closing(StoreDatabase(place)) as database:
        chain(database, 3)
        database.require_sound()
    empty_index(place, "object_references_reference")
    with contextlib.closing(StoreDatabase(place)) as database, pytest.raises(StoreError) as caught:
        database.require_sound()
    assert caught.value.slug == "database-failed"
    assert "devenv store rebuild" in (caught.value.hint or "")


def test_every_page_damaged(place: Path) -> None:
    """Whatever stands in a page, of another table or of none, is an error with the next step or no damage (E-01)."""
    with contextlib.closing(StoreDatabase(place)) as database:
        paths = chain(database, 40)
        for path in paths:
            database.register_realisations({(f"{KEY}{path}", "out"): path})
        graph = database.read_graph()
    content = place.read_bytes()
    pages = [content[start : start + 4096] for start in range(0, len(content), 4096)]
    outcomes: Counter[str] = Counter()
    for number, page in enumerate(pages):
        for other in (*pages, bytes(4096), random.Random(number).randbytes(4096)):
            if other == page:
                continue
            place.write_bytes(b"".join([*pages[:number], other, *pages[number + 1 :]]))
            try:
                with contextlib.closing(StoreDatabase(place)) as database:
                    database.require_sound()
                    assert database.read_graph() == graph
                    outcomes["no damage"] += 1
            except StoreError as error:
                outcomes[error.slug] += 1
    assert outcomes.keys() <= {"database-failed", "no damage", "database-newer"}
    assert outcomes["database-failed"] > 30


def test_rows_of_another_table(place: Path) -> None:
    """Queries without that check give no path that is none, and no crash, when pages were mixed up (E-01)."""
    with contextlib.closing(StoreDatabase(place)) as database:
        paths = chain(database, 40)
        for path in paths:
            database.register_realisations({(f"{KEY}{path}", "out"): path})
    content = place.read_bytes()
    pages = [content[start : start + 4096] for start in range(0, len(content), 4096)]
    outcomes: Counter[str] = Counter()
    for number in range(len(pages)):
        for other in pages:
            place.write_bytes(b"".join([*pages[:number], other, *pages[number + 1 :]]))
            for ask in (
                StoreDatabase.read_graph,
                StoreDatabase.realisations,
                lambda database: database.closure(paths[-1]),
                lambda database: database.find_realisation(f"{KEY}{paths[3]}", "out"),
            ):
                try:
                    with contextlib.closing(StoreDatabase(place)) as database:
                        ask(database)
                except StoreError as error:
                    outcomes[error.slug] += 1
    assert outcomes.keys() <= {"database-failed", "store-path-invalid", "database-newer"}


def test_times_do_not_matter(database: StoreDatabase) -> None:
    """Times before the epoch or far ahead, as a wrong clock gives, change no answer (E-09)."""
    paths = chain(database, 3)
    for path, seconds in zip(paths, (-(1 << 40), 1 << 60, 0), strict=True):
        database._connection.execute("UPDATE objects SET registered = ? WHERE path = ?", (seconds, str(path)))
    assert database.closure(paths[2]) == paths
    assert set(database.read_graph()) == set(paths)
    assert len(plan_deletion(database.read_graph(), (), ())) == 3


def test_old_sqlite_is_said_to_be_old(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python with a SQLite that does not know our schema is an error that says so, not one about syntax."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(StoreError) as caught:
        StoreDatabase(place)
    assert caught.value.slug == "sqlite-too-old"
    assert not place.exists()
