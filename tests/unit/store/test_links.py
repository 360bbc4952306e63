"""Equal files share one inode: between objects and within one, never at the cost of an object's content."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from devenv.fsutil import TEMPORARY_PREFIX, delete_tree
from devenv.store.check import is_intact
from devenv.store.links import READ_BYTES
from devenv.store.store import Store
from tests.objects import add_naming, damage, output
from tests.trees import Script

SMALL = b"small file"
LARGE = b"0123456789abcdef" * (READ_BYTES // 16) + b"end"
"""One that is hashed while it is written."""
CONTENTS = pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])


def links(store: Store) -> list[str]:
    return sorted(os.listdir(store.layout.links))


def inode(place: Path) -> int:
    return place.lstat().st_ino


@CONTENTS
def test_shared_across_and_within_objects(store: Store, content: bytes) -> None:
    """A file that occurs in several places of the store occupies the disk once."""
    one = store.path(store.add(output({b"a": content, b"b": {b"c": content}}, "one")))
    two = store.path(store.add(output({b"d": content}, "two")))
    assert len({inode(one / "a"), inode(one / "b" / "c"), inode(two / "d")}) == 1
    assert len(links(store)) == 1


@CONTENTS
def test_the_executable_bit_separates(store: Store, content: bytes) -> None:
    """Equal contents with and without the executable bit are two files."""
    path = store.add(output({b"a": content, b"x": Script(content)}))
    assert inode(store.path(path) / "a") != inode(store.path(path) / "x")
    assert is_intact(store.root, path)
    assert len(links(store)) == 2


def test_empty_files_are_not_shared(store: Store) -> None:
    """A store may hold more empty files than one inode can have links, and they take no space (B-13)."""
    path = store.add(output({b"a": b"", b"b": b""}))
    assert inode(store.path(path) / "a") != inode(store.path(path) / "b")
    assert links(store) == []


@CONTENTS
@pytest.mark.parametrize("change", ["content", "length", "executable", "writable", "time", "link"])
def test_a_changed_link_is_never_believed(store: Store, content: bytes, change: str) -> None:
    """A file that somebody changed in place does not spread into new objects, in content, mode or time (B-14)."""
    one = store.add(output({b"a": content}, "one"))
    place = store.path(one) / "a"
    match change:
        case "content":
            damage(place, content[:-1] + b"!")
        case "length":
            damage(place, content[:-1])
        case "executable":
            place.chmod(0o555)
        case "writable":
            place.chmod(0o644)
        case "time":
            os.utime(place)
        case _:
            known = store.layout.links / links(store)[0]
            known.unlink()
            known.symlink_to(place)
    if change in {"content", "length"}:
        os.utime(place, ns=(1_000_000_000, 1_000_000_000))
    two = store.add(output({b"b": content}, "two"))
    assert is_intact(store.root, two)
    status = (store.path(two) / "b").lstat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o444, 1_000_000_000)
    three = store.add(output({b"c": content}, "three"))
    assert is_intact(store.root, three)
    if change != "link":
        # That one is no file of ours: it is not followed, and nothing is shared in its place.
        assert inode(store.path(three) / "c") == inode(store.path(two) / "b")


@CONTENTS
@pytest.mark.parametrize("number", [errno.EMLINK, errno.ENOSPC, errno.EPERM, errno.ENOENT, errno.EXDEV])
def test_sharing_is_no_duty(store: Store, content: bytes, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system makes no link (too many, no space, no such thing) a file of its own does (B-13)."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    store.add(output({b"a": content}, "one"))
    monkeypatch.setattr(os, "link", refuse)
    two = store.add(output({b"b": content}, "two"))
    assert is_intact(store.root, two)
    assert len(links(store)) == 1


@CONTENTS
def test_no_links_directory_entry_survives_its_objects(store: Store, content: bytes) -> None:
    """A link that no object shares any more is named with the space that it occupies, and can be removed (D-14)."""
    path = store.add(output({b"a": content}))
    assert list(store.links.iter_unused()) == []
    delete_tree(store.path(path))
    (unused,) = store.links.iter_unused()
    assert unused == (links(store)[0], (store.layout.links / unused[0]).stat().st_blocks * 512)
    store.links.remove(unused[0])
    store.links.remove(unused[0])
    assert links(store) == []
    assert is_intact(store.root, store.add(output({b"a": content})))


def test_unfinished_links_are_unused(store: Store) -> None:
    """What a killed process left among the links is removed like a link that nothing shares."""
    path = store.add(output({b"a": SMALL}))
    left = f"{TEMPORARY_PREFIX}left"
    os.link(store.path(path) / "a", store.layout.links / left)
    assert [name for name, _ in store.links.iter_unused()] == [left]


def test_link_lost_while_sharing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection that removes a link between its comparison and its use is tolerated (D-14)."""
    real = os.link
    store.add(output({b"a": LARGE}, "one"))

    def lose_then_link(source: Any, *arguments: Any, **named: Any) -> None:
        for name in links(store):
            store.links.remove(name)
        real(source, *arguments, **named)

    monkeypatch.setattr(os, "link", lose_then_link)
    two = store.add(output({b"b": LARGE}, "two"))
    assert is_intact(store.root, two)


def test_self_references_do_not_reach_others(store: Store) -> None:
    """A file that gets its object's name afterwards is a new inode: whatever shared the old one stays as it was."""
    paths = [add_naming(store, name) for name in ("one", "two")]
    again = add_naming(store, "three")
    assert all(is_intact(store.root, path) for path in [*paths, again])
