"""Imports from strangers: mutants, bombs, and processes that are killed in between (FAULTS group F)."""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import zstandard

from devenv.errors import StoreError
from devenv.events import ignore
from devenv.settings import Settings, default_settings
from devenv.store.archive import import_archive
from devenv.store.collection import collect
from devenv.store.store import Store
from devenv.store_path import CANONICAL_ROOT
from tests.fsck import check_store, unchanged
from tests.functional.store.fuzz_import import fuzz
from tests.functional.store.stores import fork, read_peak_memory, run_killed, wait_for
from tests.homes import temporary_home
from tests.objects import roots
from tests.trees import SMALL, strings, write_files
from tests.unit.store.archives import BELOW, END, MAGIC, TOP, VALID, compress

SEED = 20_261_121
ROUNDS = 8_000
MEGABYTE = 1 << 20


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home directory, in memory."""
    with temporary_home(in_memory=True) as home:
        yield home


@pytest.fixture
def settings(home: Path) -> Settings:
    return default_settings(home)


def load(settings: Settings, content: bytes) -> None:
    with Store(settings) as store:
        import_archive(store, io.BytesIO(content), ignore)


def test_mutants(home: Path, record_property: Callable[[str, object], None]) -> None:
    """Whatever an archive is changed to, nothing false is registered and nothing else touched (F-01 to F-13)."""
    counts = fuzz(home, SEED, rounds=ROUNDS)
    record_property("accepted", counts.accepted)
    assert counts.rounds == ROUNDS
    # Among the mutants are some that are right: else nothing would have been tried.
    assert counts.accepted > 50


class Bomb(io.RawIOBase):
    """An archive of one file of so many zeros, compressed while it is read."""

    def __init__(self, size: int) -> None:
        self._compressor = zstandard.ZstdCompressor(level=1).compressobj()
        self._pieces = self._iter_pieces(size)
        self._rest = b""

    def _iter_pieces(self, size: int) -> Iterator[bytes]:
        nar = strings(b"nix-archive-1", b"(", b"type", b"regular", b"contents") + size.to_bytes(8, "little")
        yield MAGIC + strings(b"object", str(BELOW.path).encode(), b"nar") + nar
        for _ in range(size // MEGABYTE):
            yield bytes(MEGABYTE)
        yield strings(b")") + END

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Gives what is there."""
        view = cast("memoryview", buffer)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = self._compressor.compress(piece) + self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        size = min(len(view), len(self._rest))
        view[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def test_bomb(settings: Settings) -> None:
    """A small archive that unpacks to much takes the memory of a few blocks, and leaves nothing (F-08, B-12)."""

    def work() -> None:
        with Store(settings) as store:
            before = read_peak_memory()
            with pytest.raises(StoreError) as caught:
                import_archive(store, cast("io.BufferedReader", Bomb(400 * MEGABYTE)), ignore)
            assert caught.value.slug == "object-mismatch"
            assert read_peak_memory() - before < 60 * MEGABYTE
            assert os.listdir(store.root) == []

    assert wait_for(fork(work)) == 0
    check_store(settings, finished=True)


def test_window_that_is_asked_for(settings: Settings) -> None:
    """A frame that wants a window of 128 MiB gets none: what unpacking may take is bounded (F-07)."""

    def work() -> None:
        load(settings, compress(VALID["one"]))
        before = read_peak_memory()
        with pytest.raises(StoreError) as caught:
            load(settings, compress(VALID["closure"], window_log=27))
        assert caught.value.slug == "archive-malformed"
        assert read_peak_memory() - before < 16 * MEGABYTE

    assert wait_for(fork(work)) == 0


def test_import_after_import(settings: Settings) -> None:
    """Imports give back the memory that unpacking took, without waiting for a garbage collector (B-12)."""

    def work() -> None:
        with Store(settings) as store:
            content = compress(VALID["closure"])
            gc.disable()
            import_archive(store, io.BytesIO(content), ignore)
            before = read_peak_memory()
            for _ in range(30):
                import_archive(store, io.BytesIO(content), ignore)
            assert read_peak_memory() - before < 16 * MEGABYTE

    assert wait_for(fork(work)) == 0


def test_references_without_end(settings: Settings) -> None:
    """A list of references without end is refused at its bound, in little memory (F-07)."""

    def work() -> None:
        references = b"".join(strings(b"reference", b"%032d-x" % number) for number in range(70_000))
        content = compress(MAGIC + strings(b"object", str(BELOW.path).encode()) + references)
        with pytest.raises(StoreError, match="too many"):
            load(settings, content)

    assert wait_for(fork(work)) == 0


POINTS = ["temporary-root.write", "tree.directory", "tree.file", "tree.write", "tree.sync", "register.rename",
          "register.sync", "database.commit", "database.committed", "self-references.file"]  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_killed_import(settings: Settings, point: str) -> None:
    """A killed import has registered all of a batch or nothing; the same import succeeds afterwards (F-01, A-03)."""
    assert run_killed(lambda: load(settings, compress(VALID["closure"])), point)
    check_store(settings, finished=False)
    load(settings, compress(VALID["closure"]))
    with Store(settings) as store:
        assert store.is_complete(TOP.path)
        # What the dead process kept is forgotten by the next collection.
        collect(store, roots(*store.database.read_graph()), ignore)
    check_store(settings, finished=True)


@pytest.mark.parametrize("name", ["store", "links"])
def test_links_in_the_store(home: Path, settings: Settings, name: str) -> None:
    """Links that lie in the store's directories, under any name, are not written through (F-05, F-16)."""
    victim = write_files({b"sentinel": SMALL}, home / "victim")
    with Store(settings) as store:
        place = store.root if name == "store" else getattr(store.layout, name)
    with unchanged(victim):
        for index, target in enumerate([victim, victim / "new", victim / "sentinel" / "a"]):
            (place / f"{BELOW.path.digest[:-1]}{index}-below").symlink_to(target)
        (place / str(BELOW.path)).symlink_to(victim)
        load(settings, compress(VALID["closure"]))
    with Store(settings) as store:
        assert store.is_complete(TOP.path)


def test_link_in_the_place_of_a_lock(home: Path, settings: Settings) -> None:
    """A lock is not made through a link: that is an error with the place, and nothing is written (F-16, B-15)."""
    with Store(settings) as store:
        (store.layout.locks / str(BELOW.path.digest)).symlink_to(home / "victim")
    with pytest.raises(OSError, match=BELOW.path.digest):
        load(settings, compress(VALID["one"]))
    assert not (home / "victim").exists()


def test_canonical_root_is_not_this_machine(settings: Settings) -> None:
    """What archives call the root is never a place here: no object keeps it (invariant 3)."""
    load(settings, compress(VALID["closure"]))
    with Store(settings) as store:
        for place in store.root.rglob("*"):
            if place.is_file() and not place.is_symlink():
                assert CANONICAL_ROOT not in place.read_bytes()
