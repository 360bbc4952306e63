"""Making trees durable, with the call for whole file systems and without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devenv.store import syncing
from devenv.store.syncing import sync_trees
from tests.trees import SMALL, Link, write_files


def test_without_the_call_every_file_of_every_tree_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no `syncfs`, all files and directories of a batch are synchronised, a directory behind its own."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.path.normpath(os.readlink(f"/proc/self/fd/{descriptor}")))
        real(descriptor)

    monkeypatch.setattr(syncing, "_syncfs", lambda: None)
    monkeypatch.setattr(os, "fsync", fsync)
    places = [write_files(SMALL, tmp_path / "one"), write_files(b"x", tmp_path / "two")]
    places.append(write_files(Link(b"/nowhere"), tmp_path / "three"))
    sync_trees(places)
    assert set(synced) == {str(tmp_path / name) for name in ("one", "one/a", "one/d", "one/d/x", "two")}
    assert synced.index(str(tmp_path / "one/d/x")) < synced.index(str(tmp_path / "one/d"))
    assert synced.index(str(tmp_path / "one/d")) < synced.index(str(tmp_path / "one"))


def test_an_error_of_the_disk_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not reach the disk is an error with the directory, not a success (B-03)."""
    monkeypatch.setattr(syncing, "_syncfs", lambda: lambda _: -1)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is whatever the system said last
        sync_trees([tmp_path / "tree"])
    assert caught.value.filename == str(tmp_path)
