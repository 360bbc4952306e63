"""Collections while others work: real processes that are held at the worst moments (FAULTS group D)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.events import Event, Notice, Report, Step, ignore
from devenv.fault_points import fault_point
from devenv.fsutil import locked
from devenv.nar.nodes import Directory, File, Node
from devenv.settings import Settings, default_settings
from devenv.store.collection import Collection, CollectionRequest, Roots, collect
from devenv.store.processes import find_live_objects
from devenv.store.root_links import add_root_link, iter_root_links
from devenv.store.store import Store
from devenv.store.temporary_roots import read_temporary_roots
from devenv.store_path import StorePath
from tests.fsck import check_store
from tests.functional.store.stores import Held, fork, in_mount_namespace, run_killed, wait_for
from tests.homes import temporary_home
from tests.objects import add_naming, output, roots
from tests.trees import SMALL

LARGE = b"0123456789abcdef" * (1 << 17)
BELOW = Derivation("below", "x86_64-linux", "test/1")
ABOVE = Derivation("above", "x86_64-linux", "test/1", inputs=(Input(BELOW),))


def build(request: BuilderRequest) -> Iterator[Node]:
    """Names its inputs."""
    content = b"\n".join(map(os.fsencode, request.inputs)) + request.name.encode()
    yield Directory(())
    yield File((b"file",), executable=False, size=len(content), content=[content])


@pytest.fixture
def settings() -> Iterator[Settings]:
    """The settings of a user with an empty home directory, and a builder `test/1`."""
    with temporary_home() as home, patch.dict(BUILDERS, {"test/1": build}):
        yield default_settings(home)


@pytest.fixture
def path(settings: Settings) -> StorePath:
    """An object that nothing keeps, with a realisation, in a store that is closed."""
    with Store(settings) as store:
        return realize(store, [BELOW], lambda _: {}, ignore)[BELOW]


def collect_all(settings: Settings, report: Report = ignore, *kept: StorePath) -> Collection:
    with Store(settings) as store:
        return collect(store, roots(*kept), report)


def use(settings: Settings, path: StorePath) -> None:
    """What a command does that wants `path`: keep it, look for it, make it where it is not, use it."""
    with Store(settings) as store:
        found = store.find_realisation(BELOW.key, "out")
        assert found in {None, path}
        if found is None:
            assert realize(store, [BELOW], lambda _: {}, ignore)[BELOW] == path
        fault_point("test.use")
        assert (store.path(path) / "file").read_bytes() == b"below"


def test_during_a_build(settings: Settings, path: StorePath, tmp_path: Path) -> None:
    """A build's inputs, which nothing but the build keeps, and its unfinished output survive a collection (D-01)."""

    def build_above() -> None:
        with Store(settings) as store:
            above = realize(store, [ABOVE], lambda _: {}, ignore)[ABOVE]
            assert store.is_complete(above)

    with Held(tmp_path, "tree.file", build_above) as building:
        with Store(settings) as store:
            unfinished = set(os.listdir(store.root)) - {str(path)}
            assert len(unfinished) == 1
            collection = collect(store, roots(), ignore)
            assert (collection.dead, collection.leftovers) == ((), ())
            assert set(os.listdir(store.root)) == {str(path), *unfinished}
        building.release()
    assert {dead.path.name for dead in collect_all(settings).dead} == {"below", "above"}
    check_store(settings, finished=True)


def test_between_asking_and_using(settings: Settings, path: StorePath, tmp_path: Path) -> None:
    """What a process was told is there stays there until it has used it (D-02)."""
    with Held(tmp_path, "test.use", lambda: use(settings, path)) as using:
        assert collect_all(settings).dead == ()
        using.release()
    assert [dead.path for dead in collect_all(settings).dead] == [path]


def test_between_keeping_and_asking(settings: Settings, path: StorePath, tmp_path: Path) -> None:
    """Who is about to keep an object keeps a collection from deciding: it waits, then sees the root (D-02)."""
    with Held(tmp_path, "temporary-root.write", lambda: use(settings, path)) as using:
        with Store(settings) as store, locked(store.layout.marking_lock, wait=False) as free:
            assert not free
        collector = fork(lambda: _expect(path, collect_all(settings)))
        using.release()
    assert wait_for(collector) == 0
    with Store(settings) as store:
        assert store.find_realisation(BELOW.key, "out") in {None, path}


def _expect(path: StorePath, collection: Collection) -> None:
    """A collection took the object only if its user had finished."""
    assert [dead.path for dead in collection.dead] in ([], [path])


def stop_in_report(_: Settings) -> Collection:
    """Before the mark: nothing is locked yet."""

    def report(event: Event) -> None:
        if isinstance(event, Step):
            fault_point(f"test.{event.text.split()[0]}")

    return collect_all(_, report)


def stop_in_roots(settings: Settings) -> Collection:
    """During the mark."""

    def find_roots() -> Roots:
        fault_point("test.roots")
        return Roots(frozenset())

    with Store(settings) as store:
        return collect(store, CollectionRequest(find_roots), ignore)


def test_registered_during_the_mark(settings: Settings, tmp_path: Path) -> None:
    """What a process registers while a collection marks, and then ends, is kept with all it refers to (D-03, C-14)."""

    def add_two() -> None:
        with Store(settings) as store:
            add_naming(store, "above", add_naming(store, "below"))

    with Held(tmp_path, "database.begin", add_two, 3) as adding, Store(settings) as store:

        def find_roots() -> Roots:
            adding.release()
            return Roots(frozenset())

        assert collect(store, CollectionRequest(find_roots), ignore).dead == ()
        assert [path.name for path in store.database.read_graph()] == ["above", "below"]
    check_store(settings, finished=True)


MOMENTS = {
    "before the mark": ("test.looking", stop_in_report, True),
    "in the mark": ("test.roots", stop_in_roots, False),
    "before the rows go": ("database.begin", collect_all, False),
    "before the files go": ("collect.rename", collect_all, False),
    "after the sweep began": ("test.deleting", stop_in_report, True),
    "before each deletion": ("collect.delete", collect_all, True),
}
"""Where a collection is held, and whether others may begin to use something meanwhile."""


@pytest.mark.parametrize("moment", MOMENTS)
def test_new_root_during_a_collection(settings: Settings, path: StorePath, tmp_path: Path, moment: str) -> None:
    """Who begins to use an object at any moment of a collection finds it kept, or gone and makes it again (D-03)."""
    point, work, free = MOMENTS[moment]
    with Held(tmp_path, point, lambda: void(work(settings))) as collecting:
        with (
            Store(settings) as store,
            locked(store.layout.marking_lock, shared=True, wait=False) as may_begin,
        ):
            assert may_begin == free
        if free:
            use(settings, path)
        user = fork(lambda: use(settings, path))
        collecting.release()
    assert wait_for(user) == 0
    check_store(settings, finished=True)


def void(_: object) -> None:
    """For callers that take no value."""


def test_two_collections(settings: Settings, path: StorePath, tmp_path: Path) -> None:
    """A second collection waits for the first, says so, and finds nothing left to do (D-04)."""
    notices = tmp_path / "notices"
    os.mkfifo(notices)

    def second() -> None:
        def report(event: Event) -> None:
            if isinstance(event, Notice):
                notices.write_text(event.text)

        assert collect_all(settings, report).dead == ()

    with Held(tmp_path, "collect.delete", lambda: void(collect_all(settings))) as first:
        waiting = fork(second)
        assert "waiting" in notices.read_text()
        first.release()
    assert wait_for(waiting) == 0
    check_store(settings, finished=True)


def test_many_collections_and_users(settings: Settings, path: StorePath) -> None:
    """Collections and users that come as they like do each other no harm (D-03, D-04)."""
    works = (lambda: void(collect_all(settings)), lambda: use(settings, path))
    children = [fork(work) for work in works * 6]
    assert [wait_for(child) for child in children] == [0] * 12
    check_store(settings, finished=True)


def test_owner_is_killed(settings: Settings, path: StorePath, tmp_path: Path) -> None:
    """What a process kept that was killed is collected, and its file of roots removed (D-13)."""
    with Held(tmp_path, "test.use", lambda: use(settings, path)) as using:
        using.kill()
    with Store(settings) as store:
        assert len(os.listdir(store.layout.temporary_roots)) == 1
        assert [dead.path for dead in collect(store, roots(), ignore).dead] == [path]
        assert os.listdir(store.layout.temporary_roots) == []


def test_killed_while_it_writes_its_first_root(settings: Settings, path: StorePath) -> None:
    """A process that is killed before it has kept anything leaves nothing that lasts (D-13, A-12)."""
    assert run_killed(lambda: use(settings, path), "temporary-root.write")
    assert [dead.path for dead in collect_all(settings).dead] == [path]
    check_store(settings, finished=True)


def test_killed_owner_beside_a_living_one(settings: Settings, path: StorePath, tmp_path: Path) -> None:
    """Of two processes that keep the same object the death of one ends nothing (D-13)."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with Held(tmp_path / "one", "test.use", lambda: use(settings, path)) as living:
        with Held(tmp_path / "two", "test.use", lambda: use(settings, path)) as dying:
            dying.kill()
        assert collect_all(settings).dead == ()
        living.release()


def test_link_goes_while_it_is_shared(settings: Settings, tmp_path: Path) -> None:
    """A file that is added while a collection removes the link to its like is whole, shared or not (D-14)."""
    for number, content in enumerate((b"small", LARGE)):
        place = tmp_path / str(number)
        place.mkdir()
        with Store(settings) as store:
            store.add(output({b"f": content, b"n": b"dead"}, "dead"))
        with Held(place, "links.remove", lambda: void(collect_all(settings))) as collecting:
            with Store(settings) as store:
                path = store.add(output({b"f": content}, "alive"))
            collecting.release()
        check_store(settings, finished=False)
        with Store(settings) as store:
            assert store.is_valid(path)


def test_collection_while_a_link_is_offered(settings: Settings, tmp_path: Path) -> None:
    """A collection between the writing of a file and the making of its link hinders neither (D-14)."""

    def add() -> None:
        with Store(settings) as store:
            store.add(output({b"f": b"small", b"g": LARGE}, "alive"))

    with Held(tmp_path, "links.offer", add) as adding:
        collect_all(settings)
        adding.release()
    check_store(settings, finished=True)


def test_running_process(settings: Settings, path: StorePath) -> None:
    """What a running process works in is kept when its caller asks for that, until it ends (D-05)."""
    with Store(settings) as store:
        request = CollectionRequest(lambda: Roots(frozenset(find_live_objects(store.root))))
        command = [sys.executable, "-c", "print(flush=True); input()"]
        with subprocess.Popen(
            command, cwd=store.path(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert collect(store, request, ignore).dead == ()
            process.communicate(b"\n")
        assert [dead.path for dead in collect(store, request, ignore).dead] == [path]


def test_collection_from_inside_an_environment(settings: Settings, path: StorePath) -> None:
    """A collection keeps what its own process runs from, modules not yet imported included (D-15)."""

    def collect_from_inside() -> None:
        with Store(settings) as store:
            sys.path.append(str(store.path(path)))
            request = CollectionRequest(lambda: Roots(frozenset(find_live_objects(store.root))))
            assert collect(store, request, ignore).dead == ()

    assert wait_for(fork(collect_from_inside)) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody who may not read everything")
def test_root_in_a_directory_that_cannot_be_read(settings: Settings) -> None:
    """A link in a directory that we may not enter keeps its object: permission denied is not deleted (D-06)."""
    settings.home.chmod(0o755)
    os.chown(settings.home, 65534, 65534)

    def as_somebody() -> None:
        os.setgid(65534)
        os.setuid(65534)
        with Store(settings) as store:
            path = add_naming(store, "kept")
        place = settings.home / "place"
        place.mkdir()
        with Store(settings) as store:
            add_root_link(store, place / "link", path)
        place.chmod(0)
        assert collect_links(settings).dead == ()
        place.chmod(0o700)
        (place / "link").unlink()
        assert [dead.path for dead in collect_links(settings).dead] == [path]

    assert wait_for(fork(as_somebody)) == 0


def collect_links(settings: Settings) -> Collection:
    """A collection to which only links are roots."""

    def find_roots() -> Roots:
        return Roots(frozenset(each.object for each in iter_root_links(store.layout) if each.object is not None))

    with Store(settings) as store:
        return collect(store, CollectionRequest(find_roots), ignore)


def test_disk_that_is_not_mounted(settings: Settings) -> None:
    """A link on a disk that is away keeps its object; on a disk that is there and lacks it, it has ended (D-07)."""
    disk = settings.home / "disk"
    disk.mkdir()

    def mount() -> None:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], check=True)

    def away_and_back() -> None:
        mount()
        with Store(settings) as store:
            path = add_naming(store, "kept")
            add_root_link(store, disk / "link", path)
        subprocess.run(["umount", disk], check=True)
        assert collect_links(settings).dead == ()
        mount()
        assert [dead.path for dead in collect_links(settings).dead] == [path]

    in_mount_namespace(away_and_back)


def test_file_that_even_its_owner_cannot_delete(settings: Settings, path: StorePath) -> None:
    """An immutable file is named, keeps nothing else, and goes with the next collection that may (D-12, B-17)."""
    with Store(settings) as store:
        other = add_naming(store, "other")
        kept = add_naming(store, "kept")
    place = store.path(path) / "file"
    if subprocess.run(["chattr", "+i", place], check=False, capture_output=True).returncode:
        pytest.skip("files cannot be made immutable here")
    try:
        collection = collect_all(settings, ignore, kept)
        assert {dead.path for dead in collection.dead} == {path, other}
        assert len(collection.failures) == 1
        assert "Operation not permitted" in collection.failures[0]
        assert set(os.listdir(store.root)) == {str(kept), f".trash-{path}"}
    finally:
        (left,) = store.root.glob("*below/file")
        subprocess.run(["chattr", "-i", left], check=True)
    assert collect_all(settings, ignore, kept).failures == []
    check_store(settings, finished=True)


def test_forty_levels_of_two(settings: Settings) -> None:
    """A closure with 2^40 ways through it is collected, and kept, in the time of its 80 objects (D-08, N-08)."""
    with Store(settings) as store:
        pair: tuple[StorePath, ...] = ()
        for level in range(40):
            pair = tuple(add_naming(store, f"{side}-{level}", *pair) for side in ("left", "right"))
        top = pair[0]
    assert len(collect_all(settings, ignore, top).dead) == 1
    assert len(collect_all(settings).dead) == 79
    check_store(settings, finished=True)


def test_dry_run_beside_a_build(settings: Settings, tmp_path: Path) -> None:
    """A dry run reads the same roots as a real one and leaves those of the living as they are (D-11, D-01)."""
    with Store(settings) as store:
        path = store.add(output(SMALL, "small"))

    def hold(work: Callable[[Store], None]) -> None:
        with Store(settings) as store:
            store.keep([path])
            fault_point("test.use")
            work(store)

    with Held(tmp_path, "test.use", lambda: hold(lambda store: _require(store, path))) as using:
        with Store(settings) as store:
            assert collect(store, roots(dry_run=True), ignore).dead == ()
            assert read_temporary_roots(store.layout) == {path}
        using.release()
    with Store(settings) as store:
        assert [dead.path for dead in collect(store, roots(dry_run=True), ignore).dead] == [path]
        assert store.is_valid(path)


def _require(store: Store, path: StorePath) -> None:
    assert store.is_valid(path)
