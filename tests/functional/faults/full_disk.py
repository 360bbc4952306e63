"""Fills a real file system, a small one in memory, and checks that devenv gives it back.

    python -m tests.functional.faults.full_disk TASK PLACE

PLACE is the mount point, whose file system is a few megabytes small (`collect`, `space`) or has a few hundred inodes
(`inodes`). See `test_full_disk`, which mounts it where nobody else sees it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from devenv.errors import DevenvError
from devenv.events import ignore
from devenv.nar.nodes import Directory, File, Node
from devenv.settings import default_settings
from devenv.store.adding import Output
from devenv.store.collection import CollectionRequest, Roots, collect
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.fsck import check_store
from tests.functional.faults.scenario import SCRATCH, add

MEGABYTE = 1 << 20
SLACK = 64 << 10
"""Bytes that may be taken by what stays: directories that grew, the database's free pages."""


def iter_large() -> Iterator[Node]:
    """A tree that is larger than the disk, of files that have nothing in common."""
    yield Directory(())
    for number in range(100):
        pieces = (os.urandom(1 << 16) for _ in range(16))
        yield File((b"%03d" % number,), executable=False, size=MEGABYTE, content=pieces)


def iter_many() -> Iterator[Node]:
    """A tree of more files than the disk has inodes."""
    yield Directory(())
    for number in range(10_000):
        yield File((b"%05d" % number,), executable=False, size=0, content=())


def free(place: Path) -> tuple[int, int]:
    """Free bytes and free inodes."""
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize, status.f_favail


def require_full(error: BaseException) -> None:
    """It says that the disk is full, and where."""
    if isinstance(error, DevenvError):
        assert error.slug == "disk-full", error
    else:
        assert isinstance(error, OSError), error
        assert error.errno == errno.ENOSPC, error
        assert os.path.isabs(error.filename), error


def fail_to_add(place: Path, nodes: Iterator[Node]) -> None:
    """Add what does not fit: an error, nothing visible, everything given back, and what fits can be added."""
    settings = default_settings(place)
    with Store(settings) as store:
        kept = add(store, "kept")
        before = free(place)
        try:
            store.add(Output(nodes, "large", SCRATCH))
        except Exception as error:  # noqa: BLE001 - looked at closely
            require_full(error)
        else:
            raise AssertionError("it fitted")
        assert os.listdir(store.root) == [str(kept)]
        check_store(settings, finished=False)
        after = free(place)
        assert before[0] - after[0] < SLACK, f"{before[0] - after[0]} bytes were not given back"
        assert before[1] - after[1] < 3, f"{before[1] - after[1]} inodes were not given back"
        add(store, "another", kept)
    check_store(settings, finished=True)


def fail_to_add_batch(place: Path) -> None:
    """Add one object after the other until the disk is full: each that was said to be there is there."""
    settings = default_settings(place)
    added: list[StorePath] = []

    def outputs() -> Iterator[Output]:
        for number in range(100):
            content = [os.urandom(MEGABYTE)]
            node = File((), executable=False, size=MEGABYTE, content=content)
            yield Output([node], f"object{number}", SCRATCH)

    with Store(settings) as store:
        try:
            for output in outputs():
                added += store.add_all([output])
        except Exception as error:  # noqa: BLE001 - looked at closely
            require_full(error)
        assert 1 < len(added) < 100
        assert sorted(os.listdir(store.root)) == sorted(map(str, added))
    check_store(settings, finished=True)


def collect_on_full_disk(place: Path) -> None:
    """With no byte free the store opens, says what is in it, and a collection makes room."""
    settings = default_settings(place)
    with Store(settings) as store:
        living = add(store, "living")
        large = [os.urandom(MEGABYTE) for _ in range(3)]
        dead = store.add(Output([File((), executable=False, size=3 * MEGABYTE, content=large)], "dead", SCRATCH))
        assert store.layout.reserve.exists()
    fill(place / "ballast")
    assert free(place)[0] == 0
    with Store(settings) as store:
        assert store.is_complete(living)
        assert store.is_complete(dead)
        try:
            add(store, "new")
        except Exception as error:  # noqa: BLE001 - looked at closely
            require_full(error)
        collect(store, CollectionRequest(lambda: Roots(frozenset([living]))), ignore)
        assert os.listdir(store.root) == [str(living)]
        assert free(place)[0] >= 3 * MEGABYTE - SLACK
        assert store.layout.reserve.exists()
        add(store, "new")
    check_store(settings, finished=True)


def fill(path: Path) -> None:
    """Take all the space that there is, to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (MEGABYTE, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)


def main() -> None:
    """Do one task."""
    task, place = sys.argv[1], Path(sys.argv[2])
    match task:
        case "space":
            fail_to_add(place, iter_large())
        case "inodes":
            fail_to_add(place, iter_many())
        case "batch":
            fail_to_add_batch(place)
        case "collect":
            collect_on_full_disk(place)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
