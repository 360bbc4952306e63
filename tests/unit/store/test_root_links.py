"""Links that a person made: the link itself decides, and where it cannot be asked nothing is lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from devenv.errors import UsageError
from devenv.fsutil import TEMPORARY_PREFIX
from devenv.settings import Settings
from devenv.store import root_links
from devenv.store.root_links import add_root_link, iter_root_links, remove_ended_links
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.objects import add_naming


@pytest.fixture
def link(settings: Settings) -> Path:
    """Where a link is to be made."""
    place = settings.home / "project"
    place.mkdir()
    return place / "result"


@pytest.fixture
def path(store: Store) -> StorePath:
    return add_naming(store, "thing")


def kept(store: Store) -> list[StorePath | None]:
    return [each.object for each in iter_root_links(store.layout)]


def test_link_keeps_its_object(store: Store, link: Path, path: StorePath) -> None:
    """A link leads to its object, and is a root; several links to one object are several roots."""
    add_root_link(store, link, path)
    add_root_link(store, link.with_name("other"), path)
    assert link.readlink() == store.path(path)
    assert kept(store) == [path, path]
    assert {each.link for each in iter_root_links(store.layout)} == {link, link.with_name("other")}


def test_link_made_again(store: Store, link: Path, path: StorePath) -> None:
    """A link that is made again leads to the new object, and is one root."""
    other = add_naming(store, "other")
    add_root_link(store, link, path)
    add_root_link(store, link, other)
    assert kept(store) == [other]


def test_link_that_somebody_changed(store: Store, link: Path, path: StorePath) -> None:
    """What counts is where the link leads now, also to a file inside of an object."""
    other = add_naming(store, "other")
    add_root_link(store, link, path)
    link.unlink()
    link.symlink_to(store.path(other) / "content")
    assert kept(store) == [other]


@pytest.mark.parametrize(
    "end", ["deleted", "file", "directory", "outside", "root", "above", "loop", "parent", "file-above"]
)
def test_link_that_has_ended(store: Store, link: Path, path: StorePath, end: str) -> None:
    """A link that is gone, or leads elsewhere, keeps nothing; what it leads to is not touched (D-06)."""
    add_root_link(store, link, path)
    link.unlink()
    targets = {
        "outside": "/etc/passwd",
        "root": str(store.root),
        "above": f"{store.root}/../../roots",
        "loop": str(link),
    }
    match end:
        case "deleted":
            pass
        case "file":
            link.touch()
        case "directory":
            link.mkdir()
        case "parent":
            link.parent.rmdir()
        case "file-above":
            link.parent.rmdir()
            link.parent.touch()
        case _:
            link.symlink_to(targets[end])
    assert kept(store) == [None]
    remove_ended_links(store.layout)
    assert kept(store) == []


def test_disk_that_is_not_mounted(store: Store, link: Path, path: StorePath) -> None:
    """A link that cannot be found below what is no mount point now is on a disk that is away: it keeps (D-07)."""
    add_root_link(store, link, path)
    (entry,) = store.layout.roots.iterdir()
    link.unlink()
    assert kept(store) == [None]
    (entry / "disk").unlink()
    (entry / "disk").symlink_to(link.parent)
    assert kept(store) == [path]
    remove_ended_links(store.layout)
    assert kept(store) == [path]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ELOOP])
def test_link_that_cannot_be_read(
    store: Store, link: Path, path: StorePath, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system will not say what the link is, what it led to is kept (D-06)."""
    real = os.readlink

    def refuse(place: Any, **named: Any) -> Any:
        if place == link:
            raise OSError(number, os.strerror(number))
        return real(place, **named)

    add_root_link(store, link, path)
    monkeypatch.setattr(os, "readlink", refuse)
    assert kept(store) == [path]


def test_link_of_somebody_else(store: Store, link: Path, path: StorePath, tmp_path: Path) -> None:
    """A person's own link to elsewhere is not replaced; one into another store is."""
    link.symlink_to(tmp_path)
    with pytest.raises(UsageError) as caught:
        add_root_link(store, link, path)
    assert caught.value.slug == "link-occupied"
    assert os.readlink(link) == str(tmp_path)
    link.unlink()
    link.symlink_to(f"/elsewhere/store/___/{path}")
    add_root_link(store, link, path)
    assert kept(store) == [path]


def test_occupied_place(store: Store, link: Path, path: StorePath) -> None:
    """A file is not replaced by a link, and no record is left."""
    link.write_text("mine")
    with pytest.raises(UsageError) as caught:
        add_root_link(store, link, path)
    assert caught.value.slug == "link-occupied"
    assert link.read_text() == "mine"
    assert kept(store) == []


def test_link_through_another_link(store: Store, link: Path, path: StorePath, settings: Settings) -> None:
    """One place that is reached in two ways is one root."""
    alias = settings.home / "alias"
    alias.symlink_to(link.parent)
    add_root_link(store, alias / link.name, path)
    add_root_link(store, link, path)
    assert kept(store) == [path]


def test_record_is_there_at_all_times(
    store: Store, link: Path, path: StorePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If making the link again fails at the worst moment, the old link is still recorded (A-06)."""
    add_root_link(store, link, path)

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(root_links, "exchange", fail)
    with pytest.raises(OSError, match="Input/output"):
        add_root_link(store, link, add_naming(store, "other"))
    assert kept(store) == [path]
    assert not [name for name in os.listdir(store.layout.roots) if name.startswith(TEMPORARY_PREFIX)]


def test_records_of_others(store: Store, link: Path, path: StorePath) -> None:
    """Records that nobody finished, or that are none, disturb nothing; those of dead processes are removed."""
    add_root_link(store, link, path)
    (store.layout.roots / f"{TEMPORARY_PREFIX}dead").mkdir()
    (store.layout.roots / "empty").mkdir()
    (store.layout.roots / "file").touch()
    assert kept(store) == [path]
    remove_ended_links(store.layout)
    assert kept(store) == [path]
    left = os.listdir(store.layout.roots)
    assert {"empty", "file"} < set(left)
    assert len(left) == 3


def test_odd_names(store: Store, settings: Settings, path: StorePath) -> None:
    """Places of links are bytes: spaces, quotes, line ends and invalid UTF-8 are kept (M-02)."""
    link = settings.home / os.fsdecode(b'it\'s a "place"\n\xff;$(x)')
    add_root_link(store, link, path)
    assert [each.link for each in iter_root_links(store.layout)] == [link]
    assert kept(store) == [path]
