"""Several processes and one store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.settings import default_settings
from devenv.store.check import is_intact
from devenv.store.store import Store
from devenv.store_path import parse_store_path
from tests.functional.store.worker import BUILT
from tests.homes import temporary_home

REPOSITORY = Path(__file__).parents[3]
SECONDS = 60


class Worker:
    """A process that is ready to do its task."""

    def __init__(self, home: Path, task: str, marks: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.store.worker", str(home), task, str(marks)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def start(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self) -> str:
        output, errors = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, errors
        return output.strip()


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home directory."""
    with temporary_home() as home:
        yield home


@pytest.fixture
def workers(home: Path, tmp_path: Path) -> Iterator[list[Worker]]:
    """Where tests put their processes; those that still run at the end are ended."""
    workers: list[Worker] = []
    yield workers
    for worker in workers:
        with worker.process:
            worker.process.kill()


def run_at_once(workers: list[Worker], count: int, home: Path, task: str, marks: Path) -> list[str]:
    """What `count` processes say that do the same thing at the same moment."""
    workers += [Worker(home, task, marks) for _ in range(count)]
    assert {worker.read_line() for worker in workers} == {"ready"}
    for worker in workers:
        worker.start()
    return [worker.result() for worker in workers]


def test_first_run_of_eight(workers: list[Worker], home: Path, tmp_path: Path) -> None:
    """Eight processes that make the store at once all succeed, and there is one (C-07)."""
    assert len(set(run_at_once(workers, 8, home, "open", tmp_path))) == 1
    with Store(default_settings(home)) as store:
        assert store.database._connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_same_object_from_four(workers: list[Worker], home: Path, tmp_path: Path) -> None:
    """Processes that add the same thing at once get the same object, whole, and nothing else is left (C-06)."""
    (path,) = set(run_at_once(workers, 4, home, "add", tmp_path))
    with Store(default_settings(home)) as store:
        assert os.listdir(store.root) == [path]
        assert store.is_valid(parse_store_path(path))
        assert is_intact(store.root, parse_store_path(path))
    assert os.listdir(default_settings(home).base / "locks") == []


def test_sixteen_build_once(workers: list[Worker], home: Path, tmp_path: Path) -> None:
    """Sixteen processes that want the same thing built build it once; all have it (C-01)."""
    (path,) = set(run_at_once(workers, 16, home, "realize", tmp_path))
    assert path.endswith("-built")
    assert len(os.listdir(tmp_path)) == 1


def test_waiter_proceeds_when_the_holder_is_killed(workers: list[Worker], home: Path, tmp_path: Path) -> None:
    """Who waits for a build goes on when the process that does it is killed, and removes what it left (A-12, A-01)."""
    holder, waiter = Worker(home, "hold", tmp_path), Worker(home, "realize", tmp_path)
    workers += [holder, waiter]
    holder.read_line()
    holder.start()
    assert holder.read_line() == "building"
    waiter.read_line()
    waiter.start()
    with Store(default_settings(home)) as store:
        assert len(os.listdir(store.root)) == 1
        assert store.find_realisation(BUILT.key, "out") is None
        with pytest.raises(subprocess.TimeoutExpired):
            waiter.process.wait(0.3)
        holder.process.kill()
        path = waiter.result()
        assert os.listdir(store.root) == [path]
        assert str(store.find_realisation(BUILT.key, "out")) == path
    assert len(os.listdir(tmp_path)) == 2
