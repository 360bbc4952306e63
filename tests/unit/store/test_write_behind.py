"""The disk begins to write while a tree is being made, and what it says is heard."""

from __future__ import annotations

import ctypes
import errno
import threading
from pathlib import Path

import pytest

from devenv.store import syncing, write_behind
from devenv.store.store import Store
from devenv.store.write_behind import WriteBehind
from tests.objects import output


@pytest.fixture
def disk_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that says once that something did not reach it, and nothing to who asks later, as Linux does."""
    answers = iter([-1])

    def sync(_: int) -> int:
        ctypes.set_errno(errno.EIO)
        return next(answers, 0)

    monkeypatch.setattr(write_behind, "EVERY_BYTES", 1)
    monkeypatch.setattr(syncing, "_syncfs", lambda: sync)


@pytest.mark.usefixtures("disk_fails")
def test_an_error_is_told_by_settle(tmp_path: Path) -> None:
    """What the thread was told reaches whoever relies on the bytes."""
    behind = WriteBehind(tmp_path)
    behind.wrote(1)
    with pytest.raises(OSError, match=f"Errno {errno.EIO}"):
        behind.settle()
    behind.close()


@pytest.mark.usefixtures("disk_fails")
def test_nothing_becomes_valid_after_an_error(store: Store) -> None:
    """An object that did not reach the disk is not registered, though the last synchronisation succeeds (A-03)."""
    with pytest.raises(OSError, match=f"Errno {errno.EIO}"):
        store.add(output({b"a": b"content"}))
    assert store.database.read_graph() == {}
    assert list(store.root.iterdir()) == []


def test_small_trees_have_no_thread(tmp_path: Path) -> None:
    """What the last synchronisation writes in a moment is left to it."""
    before = threading.active_count()
    behind = WriteBehind(tmp_path)
    behind.wrote(write_behind.EVERY_BYTES - 1)
    assert threading.active_count() == before
    behind.wrote(1)
    assert threading.active_count() == before + 1
    behind.close()
    assert threading.active_count() == before
