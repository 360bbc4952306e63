"""What living processes keep: written before it is asked for, gone with them."""

from __future__ import annotations

import os

import pytest

from devenv.fsutil import locked
from devenv.settings import Settings
from devenv.store.layout import Layout
from devenv.store.store import Store
from devenv.store.temporary_roots import TemporaryRoots, read_temporary_roots
from devenv.store_path import StorePath


def object_path(number: int) -> StorePath:
    return StorePath(f"{number:032d}", "thing")


def files(layout: Layout) -> list[str]:
    return os.listdir(layout.temporary_roots)


def test_kept_until_closed(store: Store, settings: Settings) -> None:
    """What a store keeps is read by others as long as it is open, valid or not, and no longer (D-01)."""
    with Store(settings) as other:
        other.keep([object_path(1), object_path(2)])
        other.keep([object_path(2), object_path(3)])
        assert read_temporary_roots(store.layout) == {object_path(1), object_path(2), object_path(3)}
        assert len(files(store.layout)) == 1
    assert read_temporary_roots(store.layout) == set()
    assert files(store.layout) == []


def test_nothing_is_written_without_need(store: Store) -> None:
    """A process that uses nothing leaves no file, and what is kept already is not written again."""
    store.keep([])
    assert files(store.layout) == []
    store.keep([object_path(1)])
    (name,) = files(store.layout)
    size = (store.layout.temporary_roots / name).stat().st_size
    store.keep([object_path(1)])
    assert (store.layout.temporary_roots / name).stat().st_size == size


def test_file_of_a_dead_process(store: Store) -> None:
    """A file that nobody holds is that of a dead process: it keeps nothing and is removed (D-13)."""
    (store.layout.temporary_roots / "dead").write_text(f"{object_path(1)}\n")
    assert read_temporary_roots(store.layout) == set()
    assert files(store.layout) == []


@pytest.mark.parametrize("rest", [b"0000", b"\xff\xfe\n", b"../../x\n", b"\0\n"])
def test_lines_that_were_cut_off(store: Store, rest: bytes) -> None:
    """A line that a full disk cut off, or that is no path, takes nothing from the others."""
    file = store.layout.temporary_roots / "alive"
    with locked(file):
        file.write_bytes(f"{object_path(1)}\n{object_path(2)}\n".encode() + rest)
        assert read_temporary_roots(store.layout) == {object_path(1), object_path(2)}


def test_two_stores_in_one_process(store: Store) -> None:
    """Two of them share nothing: closing one does not end what the other keeps (Nix's 0b29401e52)."""
    one, two = TemporaryRoots(store.layout), TemporaryRoots(store.layout)
    one.keep([object_path(1)])
    two.keep([object_path(1)])
    one.close()
    assert read_temporary_roots(store.layout) == {object_path(1)}
    two.close()
