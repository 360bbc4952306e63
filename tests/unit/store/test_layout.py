"""Where a store may lie, and in whose hands."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.errors import StoreError
from devenv.settings import Settings
from devenv.store.check import is_intact
from devenv.store.layout import DEFAULT_ACL, RESERVE_BYTES, layout_of
from devenv.store.store import Store
from tests.objects import output
from tests.trees import SMALL

PLACES = ["base", "store", "root", "links", "locks", "temporary_roots"]


def place(settings: Settings, name: str) -> Path:
    layout = layout_of(settings.base)
    return layout.root.parent if name == "store" else Path(getattr(layout, name))


def refuse(settings: Settings, reason: str, directory: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Store(settings)
    assert caught.value.slug == "store-unsafe"
    assert reason in caught.value.message
    assert str(directory) in caught.value.message


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("mode", [0o702, 0o720, 0o777])
def test_others_must_not_write(settings: Settings, name: str, mode: int) -> None:
    """A directory of the store, or the one around it, in which others may write is refused with the reason (B-15)."""
    Store(settings).__exit__()
    directory = place(settings, name)
    directory.chmod(mode)
    refuse(settings, "can be written by others", directory)
    directory.chmod(0o755)
    Store(settings).__exit__()


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_directory(settings: Settings, name: str) -> None:
    """A directory that belongs to another user, root's work included, is refused (B-15)."""
    Store(settings).__exit__()
    directory = place(settings, name)
    os.chown(directory, 65534, -1)
    refuse(settings, "belongs to the user 65534", directory)


@pytest.mark.parametrize("name", PLACES[1:])
def test_directory_replaced_by_a_link(settings: Settings, name: str) -> None:
    """A link in the place of one of the store's directories is refused: we would write elsewhere (B-15)."""
    Store(settings).__exit__()
    directory = place(settings, name)
    elsewhere = settings.home / "elsewhere"
    directory.rename(elsewhere)
    directory.symlink_to(elsewhere)
    refuse(settings, "is no directory of its own", directory)


def test_base_may_be_a_link(settings: Settings) -> None:
    """A person may move the whole base to another disk and leave a link; what it leads to is what is checked."""
    elsewhere = settings.home / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    settings.base.parent.mkdir(parents=True)
    settings.base.symlink_to(elsewhere)
    with Store(settings) as store:
        assert is_intact(store.root, store.add(output(SMALL)))
    elsewhere.chmod(0o777)
    refuse(settings, "can be written by others", elsewhere)


@pytest.mark.parametrize("fold", ["case", "form"])
def test_file_system_that_takes_names_for_one(settings: Settings, fold: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store is not made where two names are one: seen by a probe, before anything is added (B-05, B-06, F-11)."""
    real = os.path.lexists

    def lexists(path: str | bytes | Path) -> bool:
        """As a file system that folds names would say it: no Linux system here can be made to."""
        place = Path(os.fsdecode(path))
        wanted = _folded(place.name, fold)
        there = os.listdir(place.parent) if place.parent.is_dir() else []
        return real(path) or wanted in {_folded(name, fold) for name in there}

    monkeypatch.setattr(os.path, "lexists", lexists)
    with pytest.raises(StoreError) as caught:
        Store(settings)
    assert caught.value.slug == "file-system-unfit"
    assert "`base`" in (caught.value.hint or "")
    assert os.listdir(layout_of(settings.base).root) == []


def _folded(name: str, fold: str) -> str:
    return name.lower() if fold == "case" else unicodedata.normalize("NFC", name)


def test_reserve(settings: Settings) -> None:
    """Space for a collection on a full disk is really taken, once, and readable by nobody else (B-02)."""
    with Store(settings) as store:
        status = store.layout.reserve.stat()
        assert status.st_size == RESERVE_BYTES
        assert status.st_blocks * 512 >= RESERVE_BYTES
        assert stat.S_IMODE(status.st_mode) == 0o600
    with Store(settings) as store:
        assert store.layout.reserve.stat().st_ino == status.st_ino


def test_no_space_for_the_reserve(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no space for it the store opens all the same, and no empty reserve passes for one (B-02)."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with Store(settings) as store:
        assert not store.layout.reserve.exists()
    monkeypatch.undo()
    with Store(settings) as store:
        assert store.layout.reserve.stat().st_size == RESERVE_BYTES


def acl(*entries: tuple[int, int, int]) -> bytes:
    """An access list as the kernel spells it: version 2, then tag, permissions and identity of each entry."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY_MAY = acl((1, 7, 0xFFFFFFFF), (2, 7, 65534), (4, 5, 0xFFFFFFFF), (16, 7, 0xFFFFFFFF), (32, 5, 0xFFFFFFFF))
"""The owner, the user 65534, the group, the mask, others: more than the mode shows."""


def test_inherited_access_lists(settings: Settings) -> None:
    """An access list that new files would inherit from the home directory does not reach objects (B-17)."""
    try:
        os.setxattr(settings.home, DEFAULT_ACL, NOBODY_MAY)
    except OSError as error:
        pytest.skip(f"no access lists here: {error}")
    with Store(settings) as store:
        path = store.path(store.add(output(SMALL)))
        for entry in [store.root, path, *path.rglob("*")]:
            if not entry.is_symlink():
                assert DEFAULT_ACL not in os.listxattr(entry)
        assert [os.listxattr(entry, follow_symlinks=False) for entry in [path, *path.rglob("*")]] == [[]] * 5


def test_attributes_do_not_travel(store: Store, settings: Settings) -> None:
    """Attributes of a file on the disk are not part of a tree: the object does not have them (B-17)."""
    from devenv.store.adding import Output
    from devenv.store.tree import iter_tree
    from tests.trees import write_files

    source = write_files(SMALL, settings.home / "source")
    try:
        os.setxattr(source / "a", "user.note", b"x")
    except OSError as error:
        pytest.skip(f"no attributes here: {error}")
    path = store.path(store.add(Output(iter_tree(source), "thing", "0" * 32)))
    assert os.listxattr(path / "a") == []


def test_base_whose_parts_vanished(settings: Settings) -> None:
    """What was deleted of the store's own directories is made again; objects are then found to be missing."""
    with Store(settings) as store:
        path = store.add(output(SMALL))
    for name in PLACES[3:]:
        shutil.rmtree(place(settings, name))
    with Store(settings) as store:
        assert store.is_valid(path)
        assert is_intact(store.root, store.add(output(SMALL, "other")))


def test_long_temporary_directories_do_not_matter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the store lies in the system's directory for temporary files, wherever that is (B-08, B-16)."""
    for value in ("/nonexistent", "/tmp/with space\nand line", ""):
        monkeypatch.setenv("TMPDIR", value)
        with Store(replace(settings, base=settings.home / "base")) as store:
            assert is_intact(store.root, store.add(output(SMALL)))
