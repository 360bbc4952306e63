"""Databases that are damaged, lost, old or fought over, with real processes (FAULTS group E).

Trust in projects, which E-07 is about, has a store of its own: `devenv.activation`.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator

import pytest

from devenv.errors import StoreError
from devenv.events import ignore
from devenv.settings import Settings, default_settings
from devenv.store.collection import collect
from devenv.store.layout import layout_of
from devenv.store.rebuilding import rebuild_database
from devenv.store.store import Store
from devenv.store.verification import verify_store
from devenv.store_path import StorePath
from tests.fsck import check_store, read_rows
from tests.functional.store.stores import fork, run_killed, wait_for
from tests.homes import temporary_home
from tests.objects import KEY, add_naming, lose, roots

WRITERS = 6
EACH = 25
PAGE = 4096


@pytest.fixture
def settings() -> Iterator[Settings]:
    """The settings of a user with an empty home directory, in memory."""
    with temporary_home(in_memory=True) as home:
        yield default_settings(home)


@pytest.fixture
def paths(settings: Settings) -> list[StorePath]:
    """A store, closed, with 60 objects of which each refers to the three before, and realisations of all."""
    paths: list[StorePath] = []
    with Store(settings) as store:
        for number in range(60):
            paths.append(add_naming(store, f"n{number}", *paths[-3:]))
            store.register_realisation(f"{KEY}{number}", "out", paths[-1])
    return paths


def test_no_damaged_page_deletes_what_is_in_use(settings: Settings, paths: list[StorePath]) -> None:
    """With any page of the database overwritten, a collection deletes nothing or says what to do (E-01)."""
    file = layout_of(settings.base).database
    content = file.read_bytes()
    pages = [content[start : start + PAGE] for start in range(0, len(content), PAGE)]
    names = set(map(str, paths))
    outcomes: Counter[str] = Counter()
    for number in range(len(pages)):
        for other in (*pages, bytes(PAGE), random.Random(number).randbytes(PAGE)):
            file.write_bytes(b"".join([*pages[:number], other, *pages[number + 1 :]]))
            try:
                with Store(settings) as store:
                    collect(store, roots(paths[-1]), ignore)
                    outcomes["collected"] += 1
            except StoreError as error:
                outcomes[error.slug if "store rebuild" in (error.hint or "") else "no way out"] += 1
            assert set(os.listdir(layout_of(settings.base).root)) == names
    assert outcomes.keys() <= {"collected", "database-failed", "database-incomplete"}
    assert outcomes["database-failed"] > 30
    file.write_bytes(pages[0] + bytes(PAGE) * (len(pages) - 1))
    assert rebuild_database(settings, ignore).objects == 60
    check_store(settings, finished=True)


@pytest.mark.parametrize("length", [0, 1, 100, PAGE, PAGE + 100])
def test_truncated(settings: Settings, paths: list[StorePath], length: int) -> None:
    """A database that was cut off, to nothing even, is no empty store: no collection, and it can be rebuilt (E-01)."""
    os.truncate(layout_of(settings.base).database, length)
    with pytest.raises(StoreError) as caught, Store(settings) as store:
        collect(store, roots(paths[-1]), ignore)
    assert caught.value.slug in {"database-failed", "database-incomplete"}
    assert rebuild_database(settings, ignore).objects == 60
    with Store(settings) as store:
        assert store.is_complete(paths[-1])


def test_lost_and_rebuilt(settings: Settings, paths: list[StorePath]) -> None:
    """Without its database a store is intact: objects and references come back from the disk alone (E-02)."""
    before = read_rows(layout_of(settings.base).database)
    layout_of(settings.base).database.unlink()
    with Store(settings) as store:
        with pytest.raises(StoreError) as caught:
            collect(store, roots(), ignore)
        assert caught.value.slug == "database-incomplete"
    assert rebuild_database(settings, ignore).objects == 60
    after = read_rows(layout_of(settings.base).database)
    assert (after.objects, after.references) == (before.objects, before.references)


def test_older_backup(settings: Settings, paths: list[StorePath]) -> None:
    """With the database of yesterday, what went since is missed, what came is garbage or rebuilt (E-03)."""
    file = layout_of(settings.base).database
    backup = file.with_name("backup")
    shutil.copyfile(file, backup)
    with Store(settings) as store:
        later = add_naming(store, "later", paths[0])
    with Store(settings) as store:
        collect(store, roots(paths[-2], later), ignore)
    os.replace(backup, file)
    with Store(settings) as store:
        assert not store.is_valid(paths[-1])
        assert store.find_realisation(f"{KEY}59", "out") is None
        assert {finding.problem for finding in verify_store(store, ignore).findings} == {"unregistered"}
        assert store.is_complete(paths[-2])
    assert rebuild_database(settings, ignore).objects == 60
    check_store(settings, finished=True)
    with Store(settings) as store:
        assert store.is_complete(later)


def test_rows_without_files(settings: Settings, paths: list[StorePath]) -> None:
    """Rows whose files are gone are dropped when somebody asks, and everything above them with them (E-03)."""
    with Store(settings) as store:
        lose(store, paths[30])
        assert store.find_realisation(f"{KEY}59", "out") is None
        assert store.find_realisation(f"{KEY}29", "out") == paths[29]
        assert set(store.database.read_graph()) == set(paths[:30])


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_log_of_another_mode(settings: Settings, paths: list[StorePath], suffix: str) -> None:
    """A write-ahead log beside the file, which is none of ours, is not applied: we never use that mode (E-03)."""
    file = layout_of(settings.base).database
    file.with_name(file.name + suffix).write_bytes(os.urandom(3 * PAGE))
    before = read_rows(file) if suffix == "-shm" else None
    with Store(settings) as store:
        assert store.is_complete(paths[-1])
        assert len(store.database.read_graph()) == 60
    assert before is None or read_rows(file) == before


@pytest.mark.parametrize("point", ["database.begin", "database.commit", "database.committed"])
def test_killed_in_a_transaction(settings: Settings, paths: list[StorePath], point: str) -> None:
    """A writer that is killed leaves a journal that the next one rolls back, or a whole transaction (A-05)."""

    def write() -> None:
        with Store(settings) as store:
            for number in range(100):
                store.database.register_realisations({(f"{KEY}new", str(number)): paths[0]})

    assert run_killed(write, point, 50)
    check_store(settings, finished=False)
    with Store(settings) as store:
        assert len(store.database.realisations()) >= 60 + 48
        assert store.is_complete(paths[-1])


def test_many_writers(settings: Settings) -> None:
    """Processes that add, read and collect as fast as they can lose nothing and damage nothing (E-06, C-14)."""

    def write(writer: int) -> None:
        with Store(settings) as store:
            below: StorePath | None = None
            for number in range(EACH):
                below = add_naming(store, f"w{writer}-{number}", *([below] if below else []))
                store.register_realisation(f"{KEY}{writer}", str(number), below)
                assert store.is_complete(below)
                if number % 8 == 7:
                    collect(store, roots(), ignore)

    writers = [fork(lambda writer=writer: write(writer)) for writer in range(WRITERS)]  # type: ignore[misc] # default
    assert [wait_for(child) for child in writers] == [0] * WRITERS
    check_store(settings, finished=True)


def test_wrong_clock(settings: Settings, paths: list[StorePath]) -> None:
    """Times of registration from before the epoch or the far future change neither what lives nor what goes (E-09)."""
    connection = sqlite3.connect(layout_of(settings.base).database)
    with connection:
        connection.execute("UPDATE objects SET registered = CASE id % 3 WHEN 0 THEN -9e17 WHEN 1 THEN 0 ELSE 9e17 END")
    connection.close()
    with Store(settings) as store:
        dead = collect(store, roots(paths[30]), ignore).dead
        assert {each.path for each in dead} == set(paths[31:])
    check_store(settings, finished=True)
