"""Verification names exactly what is wrong."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.errors import StoreError
from devenv.events import WorkAdvanced, WorkStarted, ignore
from devenv.fsutil import delete_tree
from devenv.settings import Settings
from devenv.store.store import Store
from devenv.store.verification import Verification, verify_objects, verify_store
from devenv.store_path import StorePath
from tests.objects import add_naming, damage, empty_index, lose, output
from tests.trees import SMALL


def problems(verification: Verification) -> dict[str, str]:
    return {finding.name: finding.problem for finding in verification.findings}


def test_sound_store(store: Store) -> None:
    """Of a sound store everything is looked at and nothing found; the sizes are those of the archives."""
    paths = [add_naming(store, name, content=b"x" * 5000) for name in ("one", "two")]
    graph = store.database.read_graph()
    events: list[object] = []
    verification = verify_store(store, events.append)
    assert verification == Verification(2, sum(graph[path].size for path in paths), ())
    assert events[0] == WorkStarted("verifying", verification.size)
    assert sum(each.count for each in events if isinstance(each, WorkAdvanced)) == verification.size


def same_length(top: Path) -> None:
    damage(top / "a", b"hellO\n")


def other_length(top: Path) -> None:
    damage(top / "a", b"")


def executable(top: Path) -> None:
    (top / "a").chmod(0o555)


def file_more(top: Path) -> None:
    (top / "d").chmod(0o755)
    (top / "d" / "more").touch()


def file_less(top: Path) -> None:
    (top / "d").chmod(0o755)
    (top / "d" / "x").unlink()


def link_changed(top: Path) -> None:
    (top / "d").chmod(0o755)
    (top / "d" / "l").unlink()
    (top / "d" / "l").symlink_to("/etc")


def fifo(top: Path) -> None:
    (top / "d").chmod(0o755)
    os.mkfifo(top / "d" / "fifo")


def replaced_by_link(top: Path) -> None:
    delete_tree(top)
    top.symlink_to("/etc")


CHANGES = [same_length, other_length, executable, file_more, file_less, link_changed, fifo, replaced_by_link]


@pytest.mark.parametrize("change", CHANGES)
def test_damage(store: Store, change: Callable[[Path], None]) -> None:
    """An object that was changed in any way is named, and no other (B-14)."""
    path = store.add(output(SMALL))
    add_naming(store, "other")
    change(store.path(path))
    assert problems(verify_store(store, ignore)) == {str(path): "damaged"}
    assert problems(verify_objects(store, [path], ignore)) == {str(path): "damaged"}


def test_damage_shows_in_all_that_share_the_file(store: Store) -> None:
    """Objects that share an inode are damaged together, and all named (B-14)."""
    one, two = (store.add(output({b"f": b"shared", b"n": name.encode()}, name)) for name in ("one", "two"))
    damage(store.path(one) / "f")
    assert problems(verify_store(store, ignore)) == {str(one): "damaged", str(two): "damaged"}


def test_missing_object(store: Store) -> None:
    """An object that is registered and gone is named; what refers to it is whole in itself (D-09)."""
    below = add_naming(store, "below")
    add_naming(store, "above", below)
    lose(store, below)
    assert problems(verify_store(store, ignore)) == {str(below): "missing"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_object(store: Store) -> None:
    """What cannot be read is not said to be damaged."""
    path = store.add(output(SMALL))
    (store.path(path) / "a").chmod(0)
    assert problems(verify_store(store, ignore)) == {str(path): "unreadable"}


def test_unregistered_object(store: Store) -> None:
    """What lies in the store and is not registered is named as such; files of others are not (D-10)."""
    path = add_naming(store, "thing")
    store.database.forget([path])
    (store.root / ".DS_Store").touch()
    (store.root / "notes.txt").touch()
    verification = verify_store(store, ignore)
    assert problems(verification) == {str(path): "unregistered"}
    assert "devenv" in verification.findings[0].text


def test_damaged_database(settings: Settings) -> None:
    """What SQLite finds wrong in the database is a finding, beside what is wrong with objects (E-01)."""
    with Store(settings) as store:
        below = add_naming(store, "below")
        add_naming(store, "above", below)
        damage(store.path(below) / "content")
    empty_index(store.layout.database, "object_references_reference")
    with Store(settings) as store:
        found = verify_store(store, ignore)
    assert problems(found) == {str(below): "damaged", "database": "database"}


def test_rows_that_point_to_nothing(store: Store) -> None:
    """References of objects that there are not are damage, with the next step, and no crash (E-01)."""
    add_naming(store, "thing")
    with contextlib.closing(sqlite3.connect(store.layout.database)) as connection:
        connection.execute("INSERT INTO object_references VALUES (1, 99)")
        connection.commit()
    with pytest.raises(StoreError) as caught:
        verify_store(store, ignore)
    assert caught.value.slug == "database-failed"
    assert "rebuild" in (caught.value.hint or "")


def test_nothing_is_changed(store: Store) -> None:
    """Verification changes nothing, however bad it is: what to do is for the user to say."""
    path = add_naming(store, "thing")
    damage(store.path(path) / "content")
    before = sorted((str(each), each.lstat().st_ino) for each in store.root.rglob("*"))
    verify_store(store, ignore)
    assert sorted((str(each), each.lstat().st_ino) for each in store.root.rglob("*")) == before
    assert store.is_valid(path)


def test_names_are_not_trusted(store: Store) -> None:
    """An object whose name was given to it by hand is found out."""
    path = StorePath("0" * 32, "fake")
    store.path(path).write_bytes(b"anything")
    assert problems(verify_objects(store, [path], ignore)) == {str(path): "damaged"}
