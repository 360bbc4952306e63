"""Several processes that want the same things, or things in common: the work is done once, whatever becomes of whom."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from devenv.settings import default_settings
from devenv.store.adding import Output
from devenv.store.layout import layout_of
from devenv.store.store import Store
from tests.fsck import check_store, read_rows
from tests.functional.store.concurrent.processes import LOCKS, SECONDS, Workers
from tests.functional.store.concurrent.worker import BUILT, MANY, built_nodes

needs_lock_list = pytest.mark.skipif(not LOCKS.exists(), reason="this system does not list its locks")


def derivation_lock(home: Path) -> Path:
    """The lock file of `built`."""
    return layout_of(default_settings(home).base).locks / BUILT.key.replace(":", "-")


def test_same_object_from_four(workers: Workers, home: Path) -> None:
    """Processes that add the same thing at once get the same object, whole, and nothing else is left (C-06)."""
    path = workers.agree(4, "add")
    assert os.listdir(layout_of(default_settings(home).base).root) == [path]
    check_store(default_settings(home), finished=True)


def test_sixteen_build_once(workers: Workers, home: Path) -> None:
    """Sixteen processes that want the same thing built build it once; all have it (C-01)."""
    path = workers.agree(16, "realize")
    assert path.endswith("-built")
    assert workers.builds() == ["built"]
    check_store(default_settings(home), finished=True)


def test_sixteen_with_inputs_in_common(workers: Workers, home: Path) -> None:
    """Sixteen that build different things on top of the same ones build those once; nobody waits for ever (C-02)."""
    paths = set(workers.run_at_once(16, "overlap"))
    assert len(paths) == 16
    assert [name for name in workers.builds() if not name.startswith("own")] == ["built", "left", "right"]
    assert len(workers.builds()) == 3 + 16
    check_store(default_settings(home), finished=True)


@needs_lock_list
def test_holder_that_fails(workers: Workers, home: Path) -> None:
    """Who waits for a build that then fails in another process tries it, and does not hang (C-03)."""
    holder = workers.begin("fail")
    assert holder.read_line() == "building"
    waiter = workers.begin("realize")
    waiter.wait_until_blocked()
    holder.go_on()
    assert holder.result() == "build-failed"
    assert waiter.result().endswith("-built")
    assert workers.builds() == ["built", "built"]
    check_store(default_settings(home), finished=True)


@needs_lock_list
def test_killed_holder(workers: Workers, home: Path) -> None:
    """Who waits for a build goes on when the process that does it is killed, and removes what it left (A-12, A-01)."""
    holder = workers.begin("hold")
    assert holder.read_line() == "building"
    waiter = workers.begin("realize")
    waiter.wait_until_blocked()
    check_store(default_settings(home), finished=False)
    with Store(default_settings(home)) as store:
        assert store.find_realisation(BUILT.key, "out") is None
        holder.process.kill()
        path = waiter.result()
        assert os.listdir(store.root) == [path]
        assert str(store.find_realisation(BUILT.key, "out")) == path
    assert workers.builds() == ["built", "built"]


@needs_lock_list
def test_lock_file_deleted_while_others_wait(workers: Workers, home: Path) -> None:
    """A lock whose file was deleted still leads everybody to one result, also who waits for it already (C-04)."""
    holder = workers.begin("hold")
    assert holder.read_line() == "building"
    waiter = workers.begin("realize")
    waiter.wait_until_blocked()
    derivation_lock(home).unlink()
    newcomer = workers.begin("realize")
    path = newcomer.result()
    assert waiter.process.poll() is None
    holder.process.kill()
    assert waiter.result() == path
    # The waiter noticed that it held the lock of a deleted file, took the present one, and found the work done.
    assert workers.builds() == ["built", "built"]


def test_wrong_content_does_not_wait(workers: Workers, home: Path) -> None:
    """Content that is not what was expected fails at once, though another process is at its true path (C-05)."""
    holder = workers.begin("hold")
    assert holder.read_line() == "building"
    with Store(default_settings(home)) as store:
        path = store.add(Output(built_nodes(), "built", BUILT.scratch_digest()))
        with store.lock(path.digest):
            assert workers.begin("mismatch").result() == "object-mismatch"
    check_store(default_settings(home), finished=False)


def test_interrupt_stops_the_crew(workers: Workers, home: Path) -> None:
    """Ctrl-C among many builds: what runs is stopped, nothing else is begun, and every lock is given back (C-13)."""
    worker = workers.begin("many")
    assert worker.read_line() == "waiting"
    worker.process.send_signal(signal.SIGINT)
    _, errors = worker.process.communicate("x" * len(MANY), timeout=SECONDS)
    assert worker.process.returncode == -signal.SIGINT, errors
    begun = len(workers.builds())
    assert 1 <= begun < len(MANY)
    assert len(read_rows(layout_of(default_settings(home).base).database).objects) <= begun
    check_store(default_settings(home), finished=False)
    again = workers.begin("many")
    assert again.process.communicate("x" * len(MANY), timeout=SECONDS)[0].strip().endswith("-many19")
    assert set(workers.builds()) == {each.name for each in MANY}
    check_store(default_settings(home), finished=True)
