"""Shares work that mostly waits for the disk among threads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

THREADS = 8
"""Where a deletion waits until the disk has discarded the blocks, eight at once take a quarter of the time; where it
does not, they take no longer than one (measured)."""
BATCH = 64
"""What a thread takes at a time. A first batch that is not full is done without threads."""


def share_out(items: Iterable[T], work: Callable[[T], None]) -> None:
    """Do `work` with each of `items`, in no certain order, and wait for all. `items` are asked for as they are needed.

    What an item or a piece of work raises ends the whole, and is raised.
    """
    source = iter(items)
    first = list(itertools.islice(source, BATCH))
    for item in first:
        work(item)
    if len(first) < BATCH:
        return
    turn = threading.Lock()
    ended = threading.Event()

    def take_batches() -> None:
        try:
            while not ended.is_set():
                with turn:
                    batch = list(itertools.islice(source, BATCH))
                if not batch:
                    return
                for item in batch:
                    work(item)
        except BaseException:
            ended.set()
            raise

    with ThreadPoolExecutor(THREADS, "work") as executor:
        try:
            for future in [executor.submit(take_batches) for _ in range(THREADS)]:
                future.result()
        finally:
            # Also when it is the waiting that was interrupted.
            ended.set()
