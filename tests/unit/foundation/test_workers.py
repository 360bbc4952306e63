from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from devenv.workers import Cancelled, Crew, Worker, check_cancelled, current_check, pause, run_parallel


def test_results_keep_the_order_of_tasks() -> None:
    """Results come in the order of the tasks, whichever ends first."""
    gates = [threading.Event() for _ in range(3)]

    def task(number: int) -> int:
        if number < 2:
            assert gates[number + 1].wait(10)
        gates[number].set()
        return number

    assert run_parallel([partial(task, number) for number in range(3)], 3) == [0, 1, 2]


def test_no_more_than_the_limit_at_once() -> None:
    """However many tasks there are, only so many are at work."""
    lock, active, most = threading.Lock(), 0, 0
    meeting = threading.Barrier(3)

    def task() -> None:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        meeting.wait(10)
        with lock:
            active -= 1

    run_parallel([task] * 9, 3)
    assert most == 3


def test_first_failure_stops_the_rest_at_once() -> None:
    """A failure ends tasks that wait between attempts, starts no further ones, and is what the caller gets."""
    begun = threading.Event()
    ended: list[str] = []

    def waits() -> None:
        begun.set()
        try:
            pause(60)
        except Cancelled:
            ended.append("stopped")
            raise

    def fails() -> None:
        assert begun.wait(10)
        raise LookupError("this one")

    with pytest.raises(LookupError, match="this one"):
        run_parallel([waits, fails, lambda: ended.append("started")], 2)
    assert ended == ["stopped"]


@pytest.mark.usefixtures("interruptible")
def test_interrupt_does_not_wait_for_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C gets through though a server answers nothing (A-11)."""
    release = threading.Event()

    def interrupt() -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return release.wait(60)

    monkeypatch.setattr("devenv.workers.FAREWELL", 0.01)
    hang: Callable[[], bool] = release.wait
    with pytest.raises(KeyboardInterrupt):
        run_parallel([hang, interrupt], 2)
    release.set()


def test_failure_of_the_first_task_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several tasks that fail at once the first of them is told of, whichever thread was faster."""
    second_failed = threading.Event()

    def fails_late() -> None:
        assert second_failed.wait(10)
        raise LookupError("first")

    def fails_early() -> None:
        second_failed.set()
        raise LookupError("second")

    monkeypatch.setattr("devenv.workers.FAREWELL", 10)
    with pytest.raises(LookupError, match="first"):
        run_parallel([fails_late, fails_early], 2)


def test_tasks_are_given_while_others_are_done() -> None:
    """A crew takes tasks that earlier ones make possible, and starts no more threads than it has tasks."""
    with Crew[int, int](lambda number: number + 1, 4) as crew:
        reached = 0
        while reached < 20:
            crew.submit(reached)
            reached = crew.take().require()
        assert sum(isinstance(thread, Worker) for thread in threading.enumerate()) <= 1


def test_threads_of_threads_are_stopped_too() -> None:
    """What a task starts itself hears that the task is not wanted any more, and ends it."""
    began, ended = threading.Event(), threading.Event()

    def inner(check: Callable[[], None]) -> None:
        began.set()
        while True:
            try:
                check()
            except Cancelled:
                ended.set()
                raise
            time.sleep(0.001)

    def outer(_: int) -> None:
        check = current_check()
        run_parallel([partial(inner, check), partial(inner, check)], 2)

    with Crew[int, None](outer, 1) as crew:
        crew.submit(1)
        assert began.wait(10)
    assert ended.wait(10)


def test_interrupt_while_threads_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C gets through as itself before all threads are there (A-11)."""
    original = threading.Thread.start
    calls = iter([original])

    def start(thread: threading.Thread) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        original(thread)

    monkeypatch.setattr("devenv.workers.Worker.start", start)
    with pytest.raises(KeyboardInterrupt):
        run_parallel([lambda: None, lambda: None], 2)


def test_outside_of_workers_nothing_is_cancelled() -> None:
    """In the main thread the checks do nothing: an interrupt arrives there by itself."""
    check_cancelled()
    pause(0)
    assert run_parallel([threading.current_thread], 4) == [threading.current_thread()]
