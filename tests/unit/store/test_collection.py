"""A collection deletes what nothing keeps, exactly that, and never by a database that it cannot believe."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3

import pytest

from devenv.errors import StoreError
from devenv.events import Notice, ignore
from devenv.fault_points import set_fault_handler
from devenv.fsutil import TEMPORARY_PREFIX, delete_tree, locked
from devenv.settings import Settings
from devenv.store.collection import TRASH_PREFIX, Collection, CollectionRequest, Roots, collect, disk_usage
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.fsck import check_store, unchanged
from tests.objects import KEY, SCRATCH, add_naming, empty_index, lose, output, roots
from tests.trees import SMALL, write_files


@pytest.fixture
def paths(settings: Settings) -> list[StorePath]:
    """A store, closed, with three objects that refer to each other in a row and one alone."""
    with Store(settings) as store:
        one = add_naming(store, "one")
        two = add_naming(store, "two", one)
        return [one, two, add_naming(store, "three", two), add_naming(store, "alone")]


def names(collection: Collection) -> list[str]:
    return [dead.path.name for dead in collection.dead]


def present(store: Store) -> list[str]:
    return sorted(os.listdir(store.root))


def test_only_the_dead(settings: Settings, paths: list[StorePath]) -> None:
    """What a root leads to stays with its closure; everything else goes, with rows, files and links."""
    with Store(settings) as store:
        assert sorted(names(collect(store, roots(paths[1]), ignore))) == ["alone", "three"]
        assert present(store) == sorted(map(str, paths[:2]))
        assert list(store.database.read_graph()) == sorted(paths[:2])
    check_store(settings, finished=True)
    with Store(settings) as store:
        # Every object is self-referencing, and in a row: what refers to something goes first (D-08).
        assert names(collect(store, roots(), ignore)) == ["two", "one"]
        assert present(store) == os.listdir(store.layout.links) == []


def test_dry_run(settings: Settings, paths: list[StorePath]) -> None:
    """A dry run changes nothing at all, and lists what the real one then deletes, leftovers included (D-11, I10)."""
    with Store(settings) as store:
        write_files({b"x": b"left"}, store.root / f"{TEMPORARY_PREFIX}dead-0")
        write_files({b"x": b"left"}, store.root / f"{TRASH_PREFIX}{paths[0]}")
        write_files(SMALL, store.root / f"{SCRATCH}-unregistered")
        (store.root / "notes").touch()
        request = roots(paths[1])
        store.layout.collector_lock.touch()
        with unchanged(store.layout.base):
            planned = collect(store, CollectionRequest(request.find_roots, dry_run=True), ignore)
        before = set(present(store))
        done = collect(store, request, ignore)
        assert (done.dead, done.leftovers, done.foreign) == (planned.dead, planned.leftovers, planned.foreign)
        assert {leftover.name for leftover in done.leftovers} == {
            f"{TEMPORARY_PREFIX}dead-0",
            f"{TRASH_PREFIX}{paths[0]}",
            f"{SCRATCH}-unregistered",
        }
        gone = {str(dead.path) for dead in planned.dead} | {leftover.name for leftover in planned.leftovers}
        assert set(present(store)) == before - gone
    check_store_but(settings, "notes")


def check_store_but(settings: Settings, foreign: str) -> None:
    """The store is sound and finished once a file of somebody else is taken away."""
    with Store(settings) as store:
        delete_tree(store.root / foreign)
    check_store(settings, finished=True)


@pytest.mark.parametrize("limit", [0, 1, 1000, 10_000_000])
def test_limit(settings: Settings, paths: list[StorePath], limit: int) -> None:
    """With a limit, it stops with the object that reaches it; what is left is whole (D-11)."""
    with Store(settings) as store:
        graph = store.database.read_graph()
        collection = collect(store, roots(max_freed=limit), ignore)
        freed = sum(graph[dead.path].size for dead in collection.dead)
        assert freed >= limit or len(collection.dead) == 4
        assert freed - (graph[collection.dead[-1].path].size if collection.dead else 0) < max(limit, 1)
    check_store(settings, finished=True)


def test_temporary_roots_keep(settings: Settings, paths: list[StorePath]) -> None:
    """What a living process keeps stays with its closure, and so does what it is only about to add (D-01)."""
    with Store(settings) as store, Store(settings) as other:
        other.keep([paths[1], StorePath(SCRATCH, "coming")])
        write_files(SMALL, store.root / f"{SCRATCH}-coming")
        collection = collect(store, roots(), ignore)
        assert sorted(names(collection)) == ["alone", "three"]
        assert collection.leftovers == ()
        assert f"{SCRATCH}-coming" in present(store)


def test_unfinished_trees_of_the_living(settings: Settings, store: Store) -> None:
    """A tree whose maker lives is no leftover (D-01)."""
    write_files(SMALL, store.root / f"{TEMPORARY_PREFIX}alive-0")
    with locked(store.layout.locks / f"{TEMPORARY_PREFIX}alive"):
        assert collect(store, roots(), ignore).leftovers == ()
        assert present(store) == [f"{TEMPORARY_PREFIX}alive-0"]


def test_realisations_go_with_their_objects(settings: Settings, paths: list[StorePath]) -> None:
    """What was known to be an object that is collected is not known any more (N-06, I7)."""
    with Store(settings) as store:
        store.register_realisation(KEY, "out", paths[2])
        store.register_realisation(KEY, "doc", paths[0])
        collect(store, roots(paths[0]), ignore)
        assert store.find_realisation(KEY, "out") is None
        assert store.find_realisation(KEY, "doc") == paths[0]


@pytest.mark.parametrize("shape", ["file", "directory", "link", "lost+found", "dangling"])
def test_files_of_others(store: Store, settings: Settings, shape: str) -> None:
    """What has no name of the store's is named and stays; a link is not followed (D-10)."""
    victim = settings.home / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    place = store.root / ("lost+found" if shape == "lost+found" else "my notes")
    match shape:
        case "file":
            place.touch()
        case "link":
            place.symlink_to(victim)
        case "dangling":
            place.symlink_to("/nowhere")
        case _:
            place.mkdir()
    collection = collect(store, roots(), ignore)
    assert collection.foreign == (place.name,)
    assert os.path.lexists(place)
    assert (victim / "kept").exists()


def test_link_with_the_name_of_an_object(store: Store, settings: Settings) -> None:
    """A link named like an object goes itself; where it leads to is neither deleted nor counted (D-10)."""
    victim = settings.home / "victim"
    victim.mkdir()
    (victim / "kept").write_bytes(b"x" * 1_000_000)
    place = store.root / f"{SCRATCH}-link"
    place.symlink_to(victim)
    kept = add_naming(store, "kept")
    (leftover,) = collect(store, roots(kept), ignore).leftovers
    assert leftover.size < 10_000
    assert not os.path.lexists(place)
    assert (victim / "kept").stat().st_size == 1_000_000


def test_hard_to_delete(settings: Settings, paths: list[StorePath], store: Store) -> None:
    """Read-only directories, those that nobody may enter, and deep trees are deleted (D-12, B-10)."""
    with Store(settings) as other:
        path = other.add(output({b"d": {b"e": {b"f": b"x"}}}))
    (store.path(path) / "d" / "e").chmod(0)
    deep = store.root / f"{SCRATCH}-deep"
    deep.mkdir()
    descriptor = os.open(deep, os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("directory", dir_fd=descriptor)
        below = os.open("directory", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    assert collect(store, roots(paths[0]), ignore).failures == []
    assert present(store) == [str(paths[0])]


def test_one_failure_does_not_keep_the_others(settings: Settings, paths: list[StorePath]) -> None:
    """What cannot be deleted is named, the rest goes, and the next collection deals with it (D-12)."""
    passed: list[str] = []

    def handler(name: str) -> None:
        if name in {"collect.delete", "collect.rename", "links.remove"}:
            passed.append(name)
            if passed.count(name) == 1:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    with Store(settings) as store:
        set_fault_handler(handler)
        try:
            collection = collect(store, roots(paths[0]), ignore)
        finally:
            set_fault_handler(None)
        assert len(collection.failures) == 3
        assert all("Operation not permitted" in failure for failure in collection.failures)
        assert list(store.database.read_graph()) == [paths[0]]
        assert len(present(store)) == 3
        second = collect(store, roots(paths[0]), ignore)
        assert second.failures == []
        assert len(second.leftovers) == 2
        assert present(store) == [str(paths[0])]
    check_store(settings, finished=True)


def test_missing_reference_does_not_spread(settings: Settings, paths: list[StorePath]) -> None:
    """An object that lost something below it is kept with the rest: a collection widens no damage (D-09)."""
    with Store(settings) as store:
        lose(store, paths[0])
        assert names(collect(store, roots(paths[2]), ignore)) == ["alone"]
        assert list(store.database.read_graph()) == sorted(paths[:3])


def test_dead_object_whose_files_are_gone(settings: Settings, paths: list[StorePath]) -> None:
    """Rows without files are dropped like others (E-03)."""
    with Store(settings) as store:
        for path in paths:
            lose(store, path)
        collection = collect(store, roots(), ignore)
        assert (len(collection.dead), collection.failures) == (4, [])
        assert store.database.read_graph() == {}


@pytest.mark.parametrize("loss", ["deleted", "empty", "root forgotten"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_lost_database(settings: Settings, paths: list[StorePath], loss: str, dry_run: bool) -> None:
    """By a database that lost its rows nothing is deleted: the error says how to make it again (E-01, E-02)."""
    with Store(settings) as store:
        file = store.layout.database
        if loss == "root forgotten":
            store.database.forget([paths[2]])
    match loss:
        case "deleted":
            file.unlink()
        case "empty":
            os.truncate(file, 0)
    with Store(settings) as store:
        with pytest.raises(StoreError) as caught:
            collect(store, roots(paths[2], dry_run=dry_run), ignore)
        assert caught.value.slug == "database-incomplete"
        assert "devenv store rebuild" in (caught.value.hint or "")
        assert present(store) == sorted(map(str, paths))


def test_damaged_database(settings: Settings, paths: list[StorePath]) -> None:
    """By a database in which SQLite finds damage nothing is deleted, though queries still answer (E-01)."""
    with Store(settings) as store:
        empty_index(store.layout.database, "object_references_reference")
        with pytest.raises(StoreError) as caught:
            collect(store, roots(), ignore)
        assert caught.value.slug == "database-failed"
        assert present(store) == sorted(map(str, paths))


def test_backup_of_the_database(settings: Settings, paths: list[StorePath]) -> None:
    """With an old backup in the database's place, what came later is garbage unless a root leads to it (E-03)."""
    with Store(settings) as store:
        backup = store.layout.database.read_bytes()
        later = add_naming(store, "later", paths[0])
    with Store(settings) as store:
        store.layout.database.write_bytes(backup)
    with Store(settings) as store:
        with pytest.raises(StoreError) as caught:
            collect(store, roots(later), ignore)
        assert caught.value.slug == "database-incomplete"
        collection = collect(store, roots(paths[2], paths[3]), ignore)
        assert [leftover.name for leftover in collection.leftovers] == [str(later)]
    check_store(settings, finished=True)


def test_root_that_is_not_there(settings: Settings, paths: list[StorePath]) -> None:
    """A root whose object is neither registered nor there hinders nothing."""
    with Store(settings) as store:
        assert len(collect(store, roots(StorePath(SCRATCH, "gone"), *paths), ignore).dead) == 0


def test_reserve(settings: Settings, paths: list[StorePath]) -> None:
    """The reserve is given back before anything else is done, and taken again at the end (B-02)."""
    with Store(settings) as store:

        def find_roots() -> Roots:
            assert not store.layout.reserve.exists()
            return Roots(frozenset())

        collect(store, CollectionRequest(find_roots), ignore)
        assert store.layout.reserve.exists()


def test_roots_that_cannot_be_found(settings: Settings, paths: list[StorePath]) -> None:
    """If asking for roots fails, nothing is deleted, and the next collection is not hindered."""

    def fail() -> Roots:
        raise StoreError("no roots", slug="roots-unknown")

    with Store(settings) as store:
        with pytest.raises(StoreError, match="no roots"):
            collect(store, CollectionRequest(fail), ignore)
        assert store.layout.reserve.exists()
        assert len(collect(store, roots(*paths), ignore).dead) == 0
        assert present(store) == sorted(map(str, paths))


def test_reasons(settings: Settings, paths: list[StorePath]) -> None:
    """Each deleted object says why it is dead (D-11)."""
    with Store(settings) as store:
        request = CollectionRequest(lambda: Roots(frozenset(), ((paths[1], "project deleted"),)), dry_run=True)
        reasons = {dead.path.name: dead.reason for dead in collect(store, request, ignore).dead}
    assert reasons == {
        "one": "project deleted",
        "two": "project deleted",
        "three": "nothing refers to it",
        "alone": "nothing refers to it",
    }


def test_space_is_given_back(settings: Settings, store: Store) -> None:
    """What the links still held is deleted and counted; what living objects share is not."""
    kept = store.add(output({b"shared": b"s" * 100_000}, "kept"))
    store.add(output({b"shared": b"s" * 100_000, b"own": b"o" * 100_000}, "dead"))
    with Store(settings) as other:
        store.__exit__()
        collection = collect(other, roots(kept), ignore)
        assert 100_000 <= collection.disk_freed < 150_000
        assert len(os.listdir(other.layout.links)) == 1


def test_disk_usage(settings: Settings) -> None:
    """Sizes are what the disk gives away: blocks, not lengths; nothing that vanishes meanwhile is an error."""
    place = write_files({b"a": b"x" * 10_000, b"d": {b"b": b"y" * 10_000}}, settings.home / "tree")
    assert 20_000 <= disk_usage(place) < 60_000
    assert disk_usage(settings.home / "nothing") == 0


def test_notice_of_waiting(settings: Settings, paths: list[StorePath]) -> None:
    """Who waits for another collection says so; the reserve is not given back meanwhile (D-04)."""
    events: list[object] = []
    with Store(settings) as store, contextlib.ExitStack() as other:
        other.enter_context(locked(store.layout.collector_lock))

        def report(event: object) -> None:
            events.append(event)
            if isinstance(event, Notice):
                assert store.layout.reserve.exists()
                other.close()

        assert len(collect(store, roots(), report).dead) == 4
    assert isinstance(events[0], Notice)


def test_registration_dates_are_no_argument(settings: Settings, paths: list[StorePath]) -> None:
    """Objects from the future or before the epoch are kept and deleted like others (E-09)."""
    with Store(settings) as store:
        with contextlib.closing(sqlite3.connect(store.layout.database)) as connection:
            connection.execute("UPDATE objects SET registered = CASE id % 2 WHEN 0 THEN -9e15 ELSE 9e15 END")
            connection.commit()
        assert sorted(names(collect(store, roots(paths[0]), ignore))) == ["alone", "three", "two"]


class KilledError(BaseException):
    """Ends a collection as a signal would: nobody handles it."""


def test_killed_after_rows_before_files(settings: Settings, paths: list[StorePath]) -> None:
    """What a collection had no time to delete is a leftover of the next; what comes back meanwhile is kept (A-07)."""

    def handler(name: str) -> None:
        if name == "collect.rename":
            raise KilledError

    with Store(settings) as store:
        set_fault_handler(handler)
        try:
            with pytest.raises(KilledError):
                collect(store, roots(paths[0]), ignore)
        finally:
            set_fault_handler(None)
        assert list(store.database.read_graph()) == [paths[0]]
        inode = store.path(paths[1]).lstat().st_ino
        assert add_naming(store, "two", paths[0]) == paths[1]
        assert store.path(paths[1]).lstat().st_ino == inode
    with Store(settings) as store:
        collection = collect(store, roots(paths[1]), ignore)
        assert {leftover.name for leftover in collection.leftovers} == {str(paths[2]), str(paths[3])}
    check_store(settings, finished=True)
