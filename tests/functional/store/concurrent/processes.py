"""Starts processes that work with one store (see `worker`), and waits for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[4]
SECONDS = 60
LOCKS = Path("/proc/locks")


class Worker:
    """A process that is ready to do its task."""

    def __init__(self, home: Path, task: str, marks: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.store.concurrent.worker", str(home), task, str(marks)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_line(self) -> str:
        """What it says next; waits for it."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        """Give it the line that it waits for."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def start(self) -> None:
        """Let it begin, once it is ready."""
        assert self.read_line() == "ready"
        self.go_on()

    def wait_until_blocked(self) -> None:
        """Until it waits for a lock that another process holds, which the system's list of locks says."""
        while not any("->" in line and f" {self.process.pid} " in line for line in LOCKS.read_text().splitlines()):
            try:
                self.process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError("it ended, and should be waiting")

    def result(self) -> str:
        """The last line that it says; it must end well."""
        output, errors = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, errors
        return output.strip().rpartition("\n")[2]


class Workers:
    """The processes of one test, which end with it. A context manager."""

    def __init__(self, home: Path, marks: Path) -> None:
        self._home = home
        self._marks = marks
        self._workers: list[Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            with worker.process:
                worker.process.kill()

    def prepare(self, task: str) -> Worker:
        """A process for the task, not yet begun."""
        worker = Worker(self._home, task, self._marks)
        self._workers.append(worker)
        return worker

    def begin(self, task: str) -> Worker:
        """A process that has begun the task."""
        worker = self.prepare(task)
        worker.start()
        return worker

    def run_at_once(self, count: int, task: str) -> list[str]:
        """What `count` processes say that do the same thing at the same moment."""
        workers = [self.prepare(task) for _ in range(count)]
        assert {worker.read_line() for worker in workers} == {"ready"}
        for worker in workers:
            worker.go_on()
        return [worker.result() for worker in workers]

    def agree(self, count: int, task: str) -> str:
        """What all of them say, which must be the same."""
        said = set(self.run_at_once(count, task))
        assert len(said) == 1, f"they do not agree: {sorted(said)}"
        return said.pop()

    def builds(self) -> list[str]:
        """The names of what was built, as often as it was begun, in order."""
        return sorted(path.name.rpartition(".")[0] for path in self._marks.iterdir())
