"""Work that waits for the disk is shared among threads: all of it is done, or the error is raised."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from devenv.store.threads import BATCH, THREADS, share_out


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 20 * BATCH])
def test_each_item_once(count: int) -> None:
    """Nothing is left out and nothing done twice, however many threads there are."""
    done: list[int] = []
    share_out(range(count), done.append)
    assert sorted(done) == list(range(count))


def test_little_work_has_no_threads() -> None:
    """What is soon done is done in order by the caller: threads would cost more, and faults could not be numbered."""
    threads: list[int] = []
    share_out(range(BATCH - 1), lambda _: threads.append(threading.get_ident()))
    assert set(threads) == {threading.get_ident()}


def test_work_is_done_at_once() -> None:
    """While one thread waits, the others go on."""
    together = threading.Barrier(THREADS, timeout=30)
    waiting = set(range(BATCH, BATCH * (THREADS + 1), BATCH))

    def work(item: int) -> None:
        if item in waiting:
            together.wait()

    share_out(range(BATCH * (THREADS + 1)), work)


@pytest.mark.parametrize("failing", [0, BATCH, 3 * BATCH])
def test_an_error_ends_the_whole(failing: int) -> None:
    """An error is not lost in a thread, and nobody goes on to the end behind it."""
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1000 * BATCH):
            taken = number
            yield number

    def work(item: int) -> None:
        if item >= failing:
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        share_out(items(), work)
    assert taken <= failing + (THREADS + 1) * BATCH
