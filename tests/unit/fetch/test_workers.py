from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from devenv.fetch.workers import Cancelled, check_cancelled, pause, run_parallel


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


def test_interrupt_does_not_wait_for_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C gets through though a server answers nothing (A-11)."""
    release = threading.Event()
    original = threading.Thread.join
    calls = iter([True])

    def join(thread: threading.Thread, timeout: float | None = None) -> None:
        if next(calls, False):
            raise KeyboardInterrupt
        original(thread, timeout)

    monkeypatch.setattr("devenv.fetch.workers.FAREWELL", 0.01)
    monkeypatch.setattr("devenv.fetch.workers.Worker.join", join)
    hang: Callable[[], bool] = release.wait
    with pytest.raises(KeyboardInterrupt):
        run_parallel([hang, hang], 2)
    release.set()


def test_interrupt_while_threads_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C gets through as itself before all threads are there (A-11)."""
    original = threading.Thread.start
    calls = iter([original])

    def start(thread: threading.Thread) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        original(thread)

    monkeypatch.setattr("devenv.fetch.workers.Worker.start", start)
    with pytest.raises(KeyboardInterrupt):
        run_parallel([lambda: None, lambda: None], 2)


def test_outside_of_workers_nothing_is_cancelled() -> None:
    """In the main thread the checks do nothing: an interrupt arrives there by itself."""
    check_cancelled()
    pause(0)
    assert run_parallel([threading.current_thread], 4) == [threading.current_thread()]
