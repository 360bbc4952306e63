"""The database made again from the disk, whatever has become of the old one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable

import pytest

from devenv.errors import StoreError
from devenv.events import ignore
from devenv.settings import Settings
from devenv.store import database_file
from devenv.store.database_file import SCHEMA_VERSION
from devenv.store.layout import layout_of
from devenv.store.rebuilding import Rebuilding, rebuild_database
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.fsck import check_store
from tests.objects import KEY, add_naming, damage, lose, output
from tests.trees import SMALL


@pytest.fixture
def paths(settings: Settings) -> list[StorePath]:
    """A store, closed, with three objects that refer to each other in a row and one alone; two have realisations."""
    with Store(settings) as store:
        one = add_naming(store, "one")
        two = add_naming(store, "two", one)
        three = add_naming(store, "three", two, one)
        alone = add_naming(store, "alone")
        store.register_realisation(KEY, "out", three)
        store.register_realisation(KEY, "doc", alone)
    return [one, two, three, alone]


def findings(rebuilding: Rebuilding) -> dict[str, str]:
    return {finding.name: finding.problem for finding in rebuilding.findings}


@pytest.mark.parametrize("state", ["sound", "deleted", "empty", "garbage", "truncated", "foreign"])
def test_everything_is_found_again(settings: Settings, paths: list[StorePath], state: str) -> None:
    """Objects and references are found on the disk, whatever the old database is like (E-01, E-02)."""
    file = layout_of(settings.base).database
    with Store(settings) as store:
        before = store.database.read_graph()
    match state:
        case "deleted":
            file.unlink()
        case "empty":
            os.truncate(file, 0)
        case "garbage":
            file.write_bytes(b"garbage" * 1000)
        case "truncated":
            os.truncate(file, file.stat().st_size // 2)
        case "foreign":
            file.unlink()
            with contextlib.closing(sqlite3.connect(file)) as connection:
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    rebuilding = rebuild_database(settings, ignore)
    assert rebuilding == Rebuilding(4, 2 if state == "sound" else 0, ())
    check_store(settings, finished=True)
    with Store(settings) as store:
        after = store.database.read_graph()
        assert {path: (each.size, set(each.references)) for path, each in after.items()} == {
            path: (each.size, set(each.references)) for path, each in before.items()
        }
        assert all(map(store.is_complete, paths))


def test_realisations_are_taken_over(settings: Settings, paths: list[StorePath]) -> None:
    """What builds led to cannot be seen in objects: it is taken from the old database, if its object is whole."""
    with Store(settings) as store:
        damage(store.path(paths[3]) / "content")
    assert rebuild_database(settings, ignore).realisations == 1
    with Store(settings) as store:
        assert store.database.realisations() == [(KEY, "out", paths[2])]


@pytest.mark.parametrize("way", ["content", "type", "gone"])
def test_what_is_not_whole_is_not_registered(settings: Settings, paths: list[StorePath], way: str) -> None:
    """A damaged or missing object is not registered, nor is what refers to it, at any distance; all are named (I3)."""
    with Store(settings) as store:
        match way:
            case "content":
                damage(store.path(paths[0]) / "content")
            case "type":
                lose(store, paths[0])
                os.mkfifo(store.path(paths[0]))
            case _:
                lose(store, paths[0])
    rebuilding = rebuild_database(settings, ignore)
    named = paths[1:3] if way == "gone" else paths[:3]
    assert findings(rebuilding) == {str(path): "damaged" for path in named}
    with Store(settings) as store:
        assert list(store.database.read_graph()) == [paths[3]]
        assert [store.is_present(path) for path in named] == [True] * len(named)
        assert not store.is_complete(paths[2])


def test_one_content_under_two_names(settings: Settings) -> None:
    """Who refers to a digest that two names have refers to both; with one of them damaged the other still serves."""
    with Store(settings) as store:
        one, two = (store.add(output(SMALL, name)) for name in ("one", "two"))
        above = add_naming(store, "above", one)
    rebuild_database(settings, ignore)
    with Store(settings) as store:
        assert store.database.references(above) == sorted([one, two])
        lose(store, two)
    assert rebuild_database(settings, ignore).objects == 2
    with Store(settings) as store:
        assert store.is_complete(above)


def test_newer_database_is_left_alone(settings: Settings, paths: list[StorePath]) -> None:
    """A database of a newer devenv is not replaced by one of ours (E-04)."""
    file = layout_of(settings.base).database
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = file.read_bytes()
    with pytest.raises(StoreError) as caught:
        rebuild_database(settings, ignore)
    assert caught.value.slug == "database-newer"
    assert file.read_bytes() == before


def test_store_in_use(settings: Settings, paths: list[StorePath], monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that somebody has open is not replaced under him (C-12)."""
    monkeypatch.setattr(database_file, "BUSY_SECONDS", 0.05)
    with Store(settings), pytest.raises(StoreError) as caught:
        rebuild_database(settings, ignore)
    assert caught.value.slug == "database-busy"
    assert rebuild_database(settings, ignore).objects == 4


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_journal_of_the_old_database(settings: Settings, paths: list[StorePath], suffix: str) -> None:
    """A journal that lies beside the old file, from another time say, is not applied to the new one (E-03)."""
    file = layout_of(settings.base).database
    journal = file.with_name(file.name + suffix)
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\xff" * 4096)
    rebuild_database(settings, ignore)
    assert not journal.exists() or journal.stat().st_size == 0
    check_store(settings, finished=True)


def test_failure_leaves_the_old_one(
    settings: Settings, paths: list[StorePath], fail_at: Callable[[str], contextlib.AbstractContextManager[None]]
) -> None:
    """If the new database cannot be finished the old one stays, and the next attempt succeeds (B-01)."""
    for point in ("database.begin", "database.schema", "database.commit", "rebuild.replace"):
        with fail_at(point), pytest.raises(OSError, match="No space"):
            rebuild_database(settings, ignore)
        with Store(settings) as store:
            assert all(map(store.is_complete, paths))
            assert len(store.database.realisations()) == 2
    assert rebuild_database(settings, ignore) == Rebuilding(4, 2, ())
    check_store(settings, finished=True)
