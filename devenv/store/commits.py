"""Commits of several threads at once: who comes while one is under way shares the next.

Making objects durable writes back the whole file system, and takes as long for one object as for many; so does the
commit of a transaction. Where many small builds end at the same time, they wait once instead of each for all before it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Entry(Generic[Item]):
    """What one thread wants committed, and what became of it."""

    items: Sequence[Item]
    is_done: bool = False
    error: Exception | None = None


class GroupCommit(Generic[Item]):
    """Has `commit` called with the items of all threads that wait. For use from several threads at once."""

    def __init__(self, commit: Callable[[Sequence[Item]], None]) -> None:
        self._commit = commit
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Entry[Item]] = []

    def commit(self, items: Sequence[Item]) -> None:
        """Commit `items`, together with what others brought meanwhile. Raises what `commit` raises for these items."""
        entry = _Entry(items)
        with self._guard:
            self._waiting.append(entry)
        with self._turn:
            if not entry.is_done:
                with self._guard:
                    entries, self._waiting = self._waiting, []
                self._commit_all(entries)
        if entry.error is not None:
            raise entry.error

    def _commit_all(self, entries: list[_Entry[Item]]) -> None:
        try:
            self._commit([item for entry in entries for item in entry.items])
        except Exception as error:  # noqa: BLE001 - raised again in the thread whose items they are
            if len(entries) == 1:
                entries[0].error = error
            else:
                # One of them is at fault: each is tried by itself, and hears of its own failure only.
                for entry in entries:
                    self._commit_all([entry])
        finally:
            for entry in entries:
                entry.is_done = True
