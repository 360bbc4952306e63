"""A few threads for requests that wait on the network, stopped at once by Ctrl-C or by the first failure.

Not `concurrent.futures`: its threads are waited for when the interpreter ends, so that a server which answers nothing
would hold a person who pressed Ctrl-C until the time-out. These are daemon threads; what they leave behind when the
process ends is an unfinished file without a living lock, which the next run removes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Result = TypeVar("Result")

FAREWELL = 0.5
"""Seconds that stopped threads get to remove their unfinished files."""


class Cancelled(Exception):  # noqa: N818 - not an error: somebody else's ended the work
    """This thread's work is no longer wanted."""


class Worker(threading.Thread, Generic[Result]):
    """One thread of `run_parallel`: takes tasks, numbered, until there are none or the work is stopped."""

    def __init__(self, tasks: deque[tuple[int, Callable[[], Result]]], stopped: threading.Event) -> None:
        super().__init__(daemon=True, name="devenv-fetch")
        self.tasks = tasks
        self.stopped = stopped
        self.results: dict[int, Result] = {}
        self.failure: tuple[int, BaseException] | None = None

    def run(self) -> None:
        """Work; a failure is kept for the thread that waits, and stops the others."""
        while not self.stopped.is_set():
            try:
                number, task = self.tasks.popleft()
            except IndexError:
                return
            try:
                self.results[number] = task()
            except Cancelled:
                return
            except BaseException as error:  # noqa: BLE001 - raised again by `run_parallel`
                self.failure = (number, error)
                self.stopped.set()


def run_parallel(tasks: Sequence[Callable[[], Result]], limit: int) -> list[Result]:
    """The results of `tasks`, in their order, at most `limit` of them at work at once.

    The first task that fails stops the rest, and its exception is raised; so is KeyboardInterrupt, without waiting for
    servers. A single task runs in the calling thread.
    """
    if len(tasks) <= 1:
        return [task() for task in tasks]
    queue = deque(enumerate(tasks))
    stopped = threading.Event()
    workers: list[Worker[Result]] = [Worker(queue, stopped) for _ in range(min(limit, len(tasks)))]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    except BaseException:
        stopped.set()
        deadline = time.monotonic() + FAREWELL
        with contextlib.suppress(KeyboardInterrupt):
            # The interrupt may have come while they were being started.
            for worker in filter(threading.Thread.is_alive, workers):
                worker.join(max(0.0, deadline - time.monotonic()))
        raise
    failures = [worker.failure for worker in workers if worker.failure is not None]
    if failures:
        raise min(failures, key=lambda failure: failure[0])[1]
    results = {number: result for worker in workers for number, result in worker.results.items()}
    return [results[number] for number in range(len(tasks))]


def check_cancelled() -> None:
    """Raise Cancelled in a thread of `run_parallel` whose work was stopped; do nothing elsewhere."""
    thread = threading.current_thread()
    if isinstance(thread, Worker) and thread.stopped.is_set():
        raise Cancelled


def pause(seconds: float) -> None:
    """Sleep, but not beyond the moment at which the work is stopped (then Cancelled is raised)."""
    thread = threading.current_thread()
    if isinstance(thread, Worker):
        thread.stopped.wait(seconds)
        check_cancelled()
    else:
        time.sleep(seconds)
