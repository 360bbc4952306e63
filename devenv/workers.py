"""A few threads for work that waits on a network or a disk, stopped at once by Ctrl-C or by the first failure.

Not `concurrent.futures`: its threads are waited for when the interpreter ends, so that a server which answers nothing,
or a build of a gigabyte, would hold a person who pressed Ctrl-C until it is done. These are daemon threads; what they
leave behind when the process ends is an unfinished file without a living lock, which the next run removes.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

FAREWELL = 0.5
"""Seconds that stopped threads get to remove their unfinished files."""


class Cancelled(Exception):  # noqa: N818 - not an error: somebody else's ended the work
    """This thread's work is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Task, Result]):
    """What became of a task."""

    task: Task
    result: Result | None
    failure: BaseException | None

    def require(self) -> Result:
        """The result. Raises what the work raised."""
        if self.failure is not None:
            raise self.failure
        return self.result  # type: ignore[return-value]


class Worker(threading.Thread, Generic[Task, Result]):
    """One thread of a crew: takes tasks until one is None or the work is stopped."""

    def __init__(self, crew: Crew[Task, Result]) -> None:
        super().__init__(daemon=True, name="devenv-work")
        self.crew = crew
        self.stopped = crew.stopped

    def run(self) -> None:
        """Work; a failure is kept for the thread that waits, and stops the others."""
        crew = self.crew
        while (task := crew.tasks.get()) is not None and not self.stopped.is_set():
            try:
                crew.outcomes.put(Outcome(task, crew.work(task), None))
            except BaseException as error:  # noqa: BLE001 - raised again by who takes the outcome
                # Where the crew itself was stopped nobody waits any more.
                if not (isinstance(error, Cancelled) and self.stopped.is_set()):
                    self.stopped.set()
                    crew.outcomes.put(Outcome(task, None, error))
                return


class Crew(Generic[Task, Result]):
    """At most `limit` threads that do `work` with tasks as they are given. Leaving the context stops them all."""

    def __init__(self, work: Callable[[Task], Result], limit: int) -> None:
        self.work = work
        self.stopped = threading.Event()
        self.tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self.outcomes: queue.SimpleQueue[Outcome[Task, Result]] = queue.SimpleQueue()
        self._limit = limit
        self._workers: list[Worker[Task, Result]] = []
        self._given = 0
        self._taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        for _ in self._workers:
            self.tasks.put(None)
        deadline = time.monotonic() + FAREWELL
        with contextlib.suppress(KeyboardInterrupt):
            # An interrupt may have come while they were being started.
            for worker in filter(threading.Thread.is_alive, self._workers):
                worker.join(max(0.0, deadline - time.monotonic()))

    def submit(self, task: Task) -> None:
        """Have a thread work on `task` when one is free."""
        self._given += 1
        self.tasks.put(task)
        if len(self._workers) < min(self._limit, self._given - self._taken):
            worker = Worker(self)
            self._workers.append(worker)
            worker.start()

    def take(self) -> Outcome[Task, Result]:
        """What became of a task, as soon as one is done; once for each that was given, until one fails."""
        outcome = self.outcomes.get()
        self._taken += 1
        return outcome

    def take_late(self) -> list[Outcome[Task, Result]]:
        """What nobody has taken, without waiting."""
        late = []
        with contextlib.suppress(queue.Empty):
            while True:
                late.append(self.outcomes.get_nowait())
        return late


def run_parallel(tasks: Sequence[Callable[[], Result]], limit: int) -> list[Result]:
    """The results of `tasks`, in their order, at most `limit` of them at work at once.

    The first task that fails stops the rest, and its exception is raised; so is KeyboardInterrupt, without waiting for
    servers. A single task runs in the calling thread.
    """
    if len(tasks) <= 1:
        return [task() for task in tasks]
    outcomes: list[Outcome[int, Result]] = []
    with Crew[int, Result](lambda number: tasks[number](), limit) as crew:
        for number in range(len(tasks)):
            crew.submit(number)
        while len(outcomes) < len(tasks) and not (outcomes and outcomes[-1].failure):
            outcomes.append(crew.take())
    if len(outcomes) < len(tasks):
        outcomes += crew.take_late()
    # Of several failures that of the first task, whichever came first.
    return [outcome.require() for outcome in sorted(outcomes, key=lambda outcome: (not outcome.failure, outcome.task))]


def check_cancelled() -> None:
    """Raise Cancelled in a thread of a crew whose work was stopped; do nothing elsewhere."""
    current_check()()


def current_check() -> Callable[[], None]:
    """What raises Cancelled once the calling thread's work was stopped, for threads that it starts itself."""
    thread = threading.current_thread()
    if not isinstance(thread, Worker):
        return _never
    stopped = thread.stopped

    def check() -> None:
        if stopped.is_set():
            raise Cancelled

    return check


def _never() -> None:
    """Nothing stops this thread but what reaches it by itself."""


def pause(seconds: float) -> None:
    """Sleep, but not beyond the moment at which the work is stopped (then Cancelled is raised)."""
    thread = threading.current_thread()
    if isinstance(thread, Worker):
        thread.stopped.wait(seconds)
        check_cancelled()
    else:
        time.sleep(seconds)
