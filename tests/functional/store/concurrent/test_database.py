"""Several processes and one database: made once, migrated once, waited for, and whoever is in the way is named."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from devenv.errors import StoreError
from devenv.fsutil import delete_tree, make_private_directory
from devenv.settings import default_settings
from devenv.store import database_file
from devenv.store.layout import layout_of
from devenv.store.lock_holders import find_lock_holders
from devenv.store.store import Store, iter_abandoned
from devenv.store_path import StorePath
from tests.fsck import check_store, read_rows
from tests.functional.faults.store_scenarios import prepare_migrate, require_migrated
from tests.functional.store.concurrent.processes import LOCKS, Worker, Workers

KEY = "blake3:" + "b" * 64


def database_of(home: Path) -> Path:
    """The file."""
    return layout_of(default_settings(home).base).database


def test_first_run_of_eight(workers: Workers, home: Path) -> None:
    """Eight processes that make the store at once all succeed, and there is one (C-07)."""
    workers.agree(8, "open")
    check_store(default_settings(home), finished=True)
    assert read_rows(database_of(home)).version == database_file.SCHEMA_VERSION


def test_first_run_that_is_tidied_up_after(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes the store is not disturbed by a process that already adds to it, and tidies up there (C-07)."""
    layout = layout_of(default_settings(home).base)
    make_private_directory(layout.locks)
    seen: list[Path] = []
    normalize = unicodedata.normalize

    def tidy_meanwhile(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
        for path in iter_abandoned(layout.root, layout.locks):
            seen.append(path)
            delete_tree(path)
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", tidy_meanwhile)
    with Store(default_settings(home)):
        pass
    assert seen
    check_store(default_settings(home), finished=True)


def test_eight_migrate_at_once(workers: Workers, home: Path) -> None:
    """Eight processes that open an old database at once all succeed, and it is migrated whole (A-10, C-12, O-05)."""
    prepare_migrate(home)
    workers.agree(8, "open")
    require_migrated(home)
    check_store(default_settings(home), finished=True)


def test_storm(workers: Workers, home: Path) -> None:
    """Eight processes that write all the time get in each other's way and succeed all the same (C-14)."""
    assert workers.run_at_once(8, "storm") == ["30"] * 8
    assert len(read_rows(database_of(home)).objects) == 240
    check_store(default_settings(home), finished=True)


def require_named(error: StoreError, worker: Worker) -> None:
    """The error says who is in the way, where the system tells."""
    assert error.slug == "database-busy"
    assert error.transient
    if LOCKS.exists():
        name = Path(f"/proc/{worker.process.pid}/comm").read_text().strip()
        assert error.details == (f"it is held by the process {worker.process.pid} ({name})",)


def test_writer_that_does_not_end(workers: Workers, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long for a writer is told which process that is; once it ends, everything works (C-08)."""
    with Store(default_settings(home)):
        pass
    worker = workers.begin("write")
    assert worker.read_line() == "holding"
    monkeypatch.setattr(database_file, "BUSY_SECONDS", 0.1)
    with Store(default_settings(home)) as store:
        with pytest.raises(StoreError) as caught:
            store.register_realisation(KEY, "out", StorePath("0" * 32, "x"))
        require_named(caught.value, worker)
        worker.go_on()
        worker.result()
        store.database.delete([])


def test_other_version_has_it_open(workers: Workers, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema does not change under a devenv that works with the database: we wait, then say who it is (C-12)."""
    prepare_migrate(home)
    worker = workers.begin("use")
    assert worker.read_line() == "holding"
    monkeypatch.setattr(database_file, "BUSY_SECONDS", 0.1)
    with pytest.raises(StoreError) as caught:
        Store(default_settings(home))
    require_named(caught.value, worker)
    assert read_rows(database_of(home)).version == 1
    worker.go_on()
    worker.result()
    with Store(default_settings(home)):
        pass
    require_migrated(home)


def test_holders_are_others(home: Path) -> None:
    """Our own locks are not what we wait for: a store that this process has open names nobody (C-08)."""
    with Store(default_settings(home)) as store:
        place = store.layout.database
        assert find_lock_holders(place.with_name(f"{place.name}.lock")) == ()
    assert find_lock_holders(Path(os.devnull).parent / "missing") == ()
