"""Locks and the processes that held them: killed, forked, long gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.events import ignore
from devenv.fsutil import locked
from devenv.nar.nodes import Directory, Node
from devenv.settings import default_settings
from devenv.store.adding import Output
from devenv.store.collection import CollectionRequest, Roots, collect
from devenv.store.store import Store
from tests.fsck import check_store
from tests.functional.store.concurrent.processes import Workers
from tests.functional.store.concurrent.worker import SCRATCH
from tests.trees import SMALL, iter_tree_nodes, write_files

DESCRIPTORS = Path("/proc/self/fd")


def test_child_does_not_keep_the_lock(workers: Workers, home: Path) -> None:
    """A lock ends with the process that took it, though a program that it started lives on (C-09)."""
    worker = workers.begin("spawn")
    child = int(worker.read_line())
    try:
        with Store(default_settings(home)) as store:
            with locked(store.layout.locks / "thing", wait=False) as held:
                assert not held
            worker.process.kill()
            worker.process.wait()
            os.kill(child, 0)
            with locked(store.layout.locks / "thing", wait=False) as held:
                assert held
    finally:
        os.kill(child, signal.SIGKILL)


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="this system does not list open files")
def test_nothing_is_inherited(home: Path) -> None:
    """No open file of ours, lock, database or tree, gets into a program that is started meanwhile (C-09, J-11)."""
    before = set(os.listdir(DESCRIPTORS))
    inherited: list[str] = []
    opened: set[str] = set()

    def nodes() -> Iterator[Node]:
        yield Directory(())
        opened.update(set(os.listdir(DESCRIPTORS)) - before)
        there = (number for number in opened if (DESCRIPTORS / number).is_symlink())
        inherited.extend(os.readlink(DESCRIPTORS / number) for number in there if os.get_inheritable(int(number)))

    with Store(default_settings(home)) as store, store.lock("thing"):
        store.add(Output(nodes(), "thing", SCRATCH))
    assert len(opened) >= 5
    assert not inherited


def test_numbers_of_processes_mean_nothing(home: Path) -> None:
    """After a restart of the machine another process has the number that is found somewhere: nobody minds (A-16)."""
    settings = default_settings(home)
    with Store(settings) as store:
        dead = store.add(Output(iter_tree_nodes(SMALL), "dead", SCRATCH))
        number = str(os.getpid())
        for place in (store.layout.locks / ".tmp-0123456789abcdef", store.layout.locks / "thing"):
            place.write_text(number)
        (store.layout.temporary_roots / number).write_text(f"{dead}\n")
        write_files({b"x": b""}, store.root / ".tmp-0123456789abcdef-0")
        with locked(store.layout.locks / "thing", wait=False) as held:
            assert held
    with Store(settings) as store:
        kept = store.add(Output(iter_tree_nodes(b"kept"), "kept", SCRATCH))
        assert sorted(os.listdir(store.root)) == sorted(map(str, (dead, kept)))
        collect(store, CollectionRequest(lambda: Roots(frozenset([kept]))), ignore)
        assert os.listdir(store.root) == [str(kept)]
    check_store(settings, finished=True)
