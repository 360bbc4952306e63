"""What of Debian's indexes goes, and what stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from devenv.fetch.debian.index_limit import (
    DAY,
    UNUSED_DAYS,
    clean_indexes,
    drop_database,
    list_indexes,
    plan_index_cleaning,
)
from devenv.fetch.debian.release_cache import RELEASES
from devenv.fetch.debian.suite_database import database_path, find_revision, lock_path, unfinished_path, write_database
from devenv.fetch.debian.suite_index import SuiteIndex
from devenv.fsutil import locked, temporary_name

KEYS, OTHER_KEYS = "0123456789abcdef", "fedcba9876543210"


def make_database(debian: Path, suite: str, keys: str = KEYS) -> Path:
    """An empty database with its note and its lock."""
    path = database_path(debian / keys, suite, "amd64")
    write_database(path, "one", [])
    lock_path(path).touch()
    return path


def let_pass(path: Path, days: float) -> None:
    """Have the files of a database be that old."""
    then = time.time() - days * DAY
    for each in (path, path.with_suffix(".json")):
        os.utime(each, (then, then))


def test_unused_databases_go(tmp_path: Path) -> None:
    """A database that nobody opened for a month goes, of whatever keys; its release stays, for there is no way back."""
    unused, other, used = (
        make_database(tmp_path, suite, keys) for suite, keys in (("sid", KEYS), ("sid", OTHER_KEYS), ("trixie", KEYS))
    )
    release = tmp_path / RELEASES / "sid.release"
    release.parent.mkdir()
    release.touch()
    os.utime(release, (0, 0))
    for path in (unused, other, used):
        let_pass(path, UNUSED_DAYS + 1)
    opened = SuiteIndex.open(used)
    assert opened is not None
    opened.close()
    planned = plan_index_cleaning(tmp_path)
    assert clean_indexes(tmp_path) == planned
    assert (planned.removed.count, planned.kept.count) == (4, 3)
    assert {file.name for file in list_indexes(tmp_path)} == {"sid.release", "trixie-amd64.sqlite", "trixie-amd64.json"}


def test_database_that_was_made_lately_stays(tmp_path: Path) -> None:
    """A database that nobody opened since it was made counts as used when it was made."""
    let_pass(make_database(tmp_path, "sid"), UNUSED_DAYS - 1)
    assert clean_indexes(tmp_path).removed.count == 0


def test_everything_goes_and_strangers_stay(tmp_path: Path) -> None:
    """With everything, releases and locks go as well; what is not ours stays, and keeps its directory."""
    make_database(tmp_path, "sid")
    make_database(tmp_path, "sid", OTHER_KEYS)
    (tmp_path / RELEASES).mkdir()
    (tmp_path / RELEASES / "sid.release").touch()
    (tmp_path / KEYS / "notes.txt").touch()
    cleaning = clean_indexes(tmp_path, everything=True)
    assert (cleaning.removed.count, cleaning.kept.count) == (5, 0)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [KEYS, "notes.txt"]


def test_what_is_being_made_stays(tmp_path: Path) -> None:
    """While a process makes a database, nobody takes it or its unfinished file away; afterwards they go."""
    path = make_database(tmp_path, "sid")
    unfinished_path(path).touch()
    with locked(lock_path(path)):
        cleaning = clean_indexes(tmp_path, everything=True)
        assert (cleaning.removed.count, cleaning.leftovers) == (0, 0)
        drop_database(path)
        assert find_revision(path) == "one"
    drop_database(path)
    assert find_revision(path) is None
    assert not path.exists()


@pytest.mark.parametrize("everything", [False, True])
def test_leftovers_of_killed_processes(tmp_path: Path, everything: bool) -> None:
    """What a killed process left half made goes with any cleaning (A-09)."""
    path = make_database(tmp_path, "sid")
    unfinished_path(path).write_bytes(b"half")
    (tmp_path / KEYS / temporary_name()).touch()
    assert plan_index_cleaning(tmp_path, everything=everything).leftovers == 2
    assert clean_indexes(tmp_path, everything=everything).leftovers == 2
    assert not unfinished_path(path).exists()
    assert clean_indexes(tmp_path, everything=everything).leftovers == 0


def test_next_making_takes_the_leftover_away(tmp_path: Path) -> None:
    """Whoever makes the database again after a killed process is not in its way, and leaves nothing of it (A-09)."""
    path = make_database(tmp_path, "sid")
    unfinished_path(path).write_bytes(b"half")
    write_database(path, "two", [])
    assert find_revision(path) == "two"
    assert not unfinished_path(path).exists()


def test_open_database_stays_readable(tmp_path: Path) -> None:
    """Who has a database open reads on after it was removed."""
    index = SuiteIndex.open(make_database(tmp_path, "sid"))
    assert index is not None
    with index:
        clean_indexes(tmp_path, everything=True)
        assert index.names() == []


def test_no_cache(tmp_path: Path) -> None:
    """Where nothing was ever kept there is nothing to clean."""
    assert clean_indexes(tmp_path / "missing", everything=True).removed.count == 0
