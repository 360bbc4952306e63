"""Disks and file systems as they are: read-only, of other devices, with limits of their own (FAULTS group B).

What fails at every single point (B-01, B-03) is swept in `tests.functional.faults`, with a disk that is really full
(B-02, B-18).
"""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.errors import StoreError
from devenv.events import ignore
from devenv.fault_points import set_fault_handler
from devenv.fsutil import delete_tree
from devenv.settings import Settings, default_settings
from devenv.store.adding import Output
from devenv.store.archive import export_closures
from devenv.store.check import examine, is_intact
from devenv.store.collection import collect
from devenv.store.rebuilding import rebuild_database
from devenv.store.store import Store
from devenv.store.tree import iter_tree
from devenv.store.verification import verify_store
from devenv.store_path import StorePath
from tests.fsck import check_store
from tests.functional.store.stores import fork, in_mount_namespace, read_peak_memory, wait_for
from tests.homes import temporary_home
from tests.objects import KEY, SCRATCH, add_naming, damage, output, roots
from tests.trees import SMALL, Script, write_files

MOST_LINKS = 65_000
"""That ext4 takes to one inode."""


@pytest.fixture
def settings() -> Iterator[Settings]:
    """The settings of a user with an empty home directory."""
    with temporary_home() as home:
        yield default_settings(home)


def ask_and_change(settings: Settings, path: StorePath) -> None:
    """On a store that cannot be written: questions are answered, changes refused in a sentence with a path."""
    with Store(settings) as store:
        assert store.is_valid(path)
        assert store.is_complete(path)
        assert store.find_realisation(KEY, "out") == path
        assert export_closures(store, [path], io.BytesIO(), ignore) == [path]
        assert store.database.closure(path) == [path]
        assert verify_store(store, ignore).findings == ()
        for change in (
            lambda: store.add(output(SMALL)),
            lambda: collect(store, roots(), ignore),
        ):
            with pytest.raises(OSError, match=str(settings.base)):
                change()
        with pytest.raises(StoreError) as caught:
            store.register_realisation(KEY, "doc", path)
        assert caught.value.slug == "store-unusable"


@pytest.fixture
def path(settings: Settings) -> StorePath:
    """An object with a realisation, in a store that is closed."""
    with Store(settings) as store:
        path = add_naming(store, "thing")
        store.register_realisation(KEY, "out", path)
    return path


def test_read_only_file_system(settings: Settings, path: StorePath) -> None:
    """A store on a file system that is mounted read-only answers questions and refuses changes in words (B-04)."""

    def ask() -> None:
        subprocess.run(["mount", "--bind", settings.home, settings.home], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", settings.home], check=True)
        ask_and_change(settings, path)

    in_mount_namespace(ask)


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize(
    "point", ["temporary-root.write", "tree.directory", "tree.write", "tree.sync", "register.rename", "register.sync"]
)
def test_error_in_the_middle(settings: Settings, path: StorePath, point: str, number: int) -> None:
    """A quota, a broken disk or one that turns read-only is said once, as what it is, and harms nothing (B-03)."""
    if (point, number) == ("temporary-root.write", errno.EROFS):
        pytest.skip("what can only be read needs no temporary root")
    failed: list[str] = []

    def fail(name: str) -> None:
        if name == point:
            failed.append(name)
            raise OSError(number, os.strerror(number), f"/point/{name}")

    set_fault_handler(fail)
    try:
        with Store(settings) as store, pytest.raises(OSError, match="/point/") as caught:
            store.add(output({b"f": b"content", b"large": b"x" * 2_000_000}))
    finally:
        set_fault_handler(None)
    assert caught.value.errno == number
    assert failed == [point]
    check_store(settings, finished=False)
    with Store(settings) as store:
        store.add(output({b"f": b"content", b"large": b"x" * 2_000_000}))
    check_store(settings, finished=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_directories_without_permission(settings: Settings, path: StorePath) -> None:
    """A user who may read his store and not write there gets the same answers (B-04)."""
    subprocess.run(["chown", "-R", "65534", settings.home], check=True)
    directories = [settings.base, *(place for place in settings.base.iterdir() if place.is_dir())]
    for directory in directories:
        directory.chmod(0o500)
    for file in settings.base.iterdir():
        if file.is_file():
            file.chmod(0o400)

    def ask() -> None:
        os.setuid(65534)
        ask_and_change(settings, path)

    assert wait_for(fork(ask)) == 0


def test_store_on_another_device(settings: Settings) -> None:
    """Nothing is renamed or linked across devices, whatever is mounted above and for temporary files (B-08, B-16)."""

    def work() -> None:
        settings.base.mkdir(parents=True, mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", settings.base], check=True)
        with Store(settings) as store:
            source = write_files(SMALL, settings.home / "source")
            path = store.add(Output(iter_tree(source), "thing", SCRATCH))
            assert is_intact(store.root, path)
        check_store(settings, finished=True)

    in_mount_namespace(work)


def test_store_on_an_overlay(settings: Settings) -> None:
    """An overlay, as containers have it, is good enough: renames that replace nothing, links and locks work (B-07)."""

    def work() -> None:
        lower, layers = settings.home / "lower", settings.home / "layers"
        with Store(settings) as store:
            old = add_naming(store, "old")
        os.rename(settings.base, lower)
        settings.base.mkdir()
        layers.mkdir()
        # An overlay cannot keep its layers on another overlay, which the home directory may lie on.
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", layers], check=True)
        (layers / "upper").mkdir(mode=0o700)
        (layers / "work").mkdir()
        options = f"lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work"
        subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", settings.base], check=True)
        with Store(settings) as store:
            new = add_naming(store, "new", old)
            assert store.is_complete(new)
            store.add(output(SMALL))
        with Store(settings) as store:
            damage(store.path(old) / "content")
            store.database.forget([old])
            assert add_naming(store, "old") == old
            assert add_naming(store, "new", old) == new
            assert is_intact(store.root, old)
        with Store(settings) as store:
            assert len(collect(store, roots(new), ignore).dead) == 1
        check_store(settings, finished=True)
        assert rebuild_database(settings, ignore).objects == 2

    in_mount_namespace(work)


def test_as_many_links_as_the_file_system_takes(settings: Settings) -> None:
    """When an inode has all the links that it can have, the next equal file is one of its own (B-13)."""
    with Store(settings) as store:
        first = store.add(output({b"f": b"shared"}, "first"))
        (name,) = os.listdir(store.layout.links)
        crowd = settings.home / "crowd"
        crowd.mkdir()
        try:
            for number in range(MOST_LINKS):
                os.link(store.layout.links / name, crowd / str(number))
        except OSError:
            pass
        else:
            pytest.skip("this file system has no such limit")
        second = store.add(output({b"g": b"shared", b"h": Script(b"shared")}, "second"))
        assert is_intact(store.root, second)
        inodes = {(store.path(path) / file).lstat().st_ino for path, file in ((first, "f"), (second, "g"))}
        assert len(inodes) == 2
    check_store(settings, finished=True)


def test_tree_deeper_than_a_path_is_long(settings: Settings) -> None:
    """A tree of 60 long names, whose paths the system takes from no program, is added, read and deleted (B-10)."""
    tree: object = b"deep"
    for _ in range(60):
        tree = {b"n" * 250: tree}
    with Store(settings) as store:
        path = store.add(output(tree))  # type: ignore[arg-type] # the depth is no business of the type
        assert is_intact(store.root, path)
    check_store_names(settings, path)
    with Store(settings) as store:
        assert [dead.path for dead in collect(store, roots(), ignore).dead] == [path]
        assert os.listdir(store.root) == []


def check_store_names(settings: Settings, path: StorePath) -> None:
    """The object is found again from the disk alone."""
    assert rebuild_database(settings, ignore).objects == 1
    with Store(settings) as store:
        assert store.is_complete(path)


@pytest.mark.long
def test_more_than_two_gigabytes(settings: Settings) -> None:
    """A sparse file of more than 2^31 bytes is hashed in the memory of a few blocks (B-12)."""
    size = (1 << 31) + 5

    def work() -> None:
        with Store(settings) as store:
            path = StorePath(SCRATCH, "large")
            place = store.path(path)
            place.touch()
            os.truncate(place, size)
            before = read_peak_memory()
            found = examine(store.root, path)
            assert found.size == size + 3 + 112
            assert read_peak_memory() - before < 40 << 20
            delete_tree(place)

    assert wait_for(fork(work)) == 0


def test_many_small_files() -> None:
    """An object of 20,000 small files is added and verified in the memory of a few blocks (B-12)."""

    def work() -> None:
        tree = {b"%d" % top: {b"%d" % file: b"%d" % (top * file) for file in range(200)} for top in range(100)}
        with temporary_home(in_memory=True) as home, Store(default_settings(home)) as store:
            store.add(output(tree, "warm"))
            before = read_peak_memory()
            path = store.add(output(tree, "again"))
            assert is_intact(store.root, path)
            assert read_peak_memory() - before < 20 << 20

    assert wait_for(fork(work)) == 0


CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
"""To open low ports, as `setcap` writes it."""


def test_privileges_of_built_files(settings: Settings) -> None:
    """Set-id bits, capabilities and access lists of what is added from the disk do not reach the store (B-17)."""
    source = write_files({b"d": {b"x": Script(b"#!/bin/sh\n")}}, settings.home / "source")
    (source / "d").chmod(0o3777)
    (source / "d" / "x").chmod(0o6777)
    try:
        os.setxattr(source / "d" / "x", "security.capability", CAPABILITY)
    except OSError:
        assert os.geteuid() != 0
    with Store(settings) as store:
        top = store.path(store.add(Output(iter_tree(source), "thing", SCRATCH)))
        for place in (top, top / "d", top / "d" / "x"):
            assert stat.S_IMODE(place.lstat().st_mode) == 0o555
            assert os.listxattr(place) == []
    check_store(settings, finished=True)


def test_edited_object_is_made_again(settings: Settings) -> None:
    """An object that somebody edited, and what shares its files, is found, and whole once it was added again (B-14)."""
    with Store(settings) as store:
        paths = [store.add(output({b"f": b"shared", b"n": name.encode()}, name)) for name in ("one", "two")]
        above = add_naming(store, "above", *paths)
        damage(store.path(paths[0]) / "f")
        found = verify_store(store, ignore)
        assert {finding.name for finding in found.findings} == set(map(str, paths))
        store.database.forget(paths)
        assert not store.is_complete(above)
        assert [store.add(output({b"f": b"shared", b"n": name.encode()}, name)) for name in ("one", "two")] == paths
        assert add_naming(store, "above", *paths) == above
    check_store(settings, finished=True)


def test_umask(settings: Settings) -> None:
    """With any umask the store itself is private and its objects have their modes (B-09, B-15)."""
    for number, mask in enumerate((0o000, 0o077, 0o777)):
        before = os.umask(mask)
        try:
            with Store(default_settings(_private(settings.home / str(number)))) as store:
                path = store.path(store.add(output(SMALL)))
        finally:
            os.umask(before)
        assert {stat.S_IMODE(place.lstat().st_mode) for place in (path, path / "d", path / "d" / "x")} == {0o555}
        private = [store.root, store.layout.links, store.layout.locks, store.layout.temporary_roots]
        assert all(stat.S_IMODE(place.stat().st_mode) & 0o077 == 0 for place in private)


def _private(home: Path) -> Path:
    home.mkdir()
    home.chmod(0o700)
    return home
