"""Lets the disk write while a tree is still being made, so that at the end little is left to wait for.

For 240 MB in 11,500 files this takes a sixth of the time (measured in pairs against the same command of Nix). It makes
nothing durable that the order of adding relies on: `sync_trees` still follows, with less to do.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from devenv.store.syncing import write_back

EVERY_BYTES = 16 << 20
"""How much is written before the disk is asked to begin: what is smaller has no thread."""


class WriteBehind:
    """Has a thread of its own write back the file system of `directory`, time and again, while `wrote` is called.

    Whoever asks last for an error of the disk is told, and nobody afterwards: so `settle` raises what the thread was
    told. Call it before the last synchronisation.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written = 0
        self._executor: ThreadPoolExecutor | None = None
        self._working: Future[bool] | None = None

    def wrote(self, size: int) -> None:
        """Note that `size` bytes more have been written. Raises OSError where earlier ones did not reach the disk."""
        self._written += size
        if self._written >= EVERY_BYTES and (self._working is None or self._working.done()):
            self.settle()
            self._written = 0
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, "write")
            self._working = self._executor.submit(write_back, self._directory)

    def settle(self) -> None:
        """Wait for the thread. Raises OSError where something did not reach the disk."""
        if self._working is not None:
            working, self._working = self._working, None
            working.result()

    def close(self) -> None:
        """End the thread, if there is one."""
        if self._executor is not None:
            self._executor.shutdown()
