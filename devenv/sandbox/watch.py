"""Limits that nobody but us keeps: time, silence, memory and number of processes, space on the disk.

Control groups would be the kernel's own means, but an ordinary user has none that can be divided, and the limit of
processes a user may have does not bind root. So the processes below the sandbox's first one are counted five
times a second; what they take in the meantime is what the kernel can give in that time.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from devenv.sandbox.model import Limits

FIRST_LOOK = 0.1
"""Seconds before processes are counted: most builds of a graph are over by then."""
FREE_BYTES = 256 << 20
"""Of the disk and of memory that a build leaves to everybody else."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Watches the processes below `number`; `place` lies on the disk that they write to."""

    def __init__(self, limits: Limits, number: int, place: Path) -> None:
        self._limits = limits
        self._number = number
        self._place = place
        self._began = time.monotonic()
        self._looked = self._began + FIRST_LOOK

    def look(self, spoke: float) -> tuple[str, str] | None:
        """The limit that is broken, in words and as a slug; `spoke` is when the last output came."""
        now = time.monotonic()
        limits = self._limits
        if limits.seconds is not None and now - self._began > limits.seconds:
            return f"it took longer than {limits.seconds:g} s", "build-timeout"
        if limits.silence is not None and now - max(spoke, self._began) > limits.silence:
            return f"it said nothing for {limits.silence:g} s", "build-silent"
        if now < self._looked:
            return None
        self._looked = now + 0.2
        return self._look_at_processes() or self._look_at_space()

    def _look_at_processes(self) -> tuple[str, str] | None:
        pages = 0
        for count, process in enumerate(iter_below(self._number), start=1):
            if count > self._limits.processes:
                return f"it had more than {self._limits.processes} processes", "build-too-many-processes"
            pages += _resident_pages(process)
        if self._limits.memory is not None and pages * PAGE_BYTES > self._limits.memory:
            return f"it took more than {self._limits.memory >> 20} MiB of memory", "build-out-of-memory"
        return None

    def _look_at_space(self) -> tuple[str, str] | None:
        disk = os.statvfs(self._place)
        if disk.f_bavail * disk.f_frsize < FREE_BYTES:
            return f"it left less than {FREE_BYTES >> 20} MiB of the disk free", "build-disk-full"
        if _available_memory() < FREE_BYTES:
            return f"it left less than {FREE_BYTES >> 20} MiB of the machine's memory", "build-out-of-memory"
        return None


def iter_below(number: int) -> Iterator[int]:
    """The process `number` and all that descend from it: those whose parents died belong to the first one."""
    pending = [number]
    while pending:
        process = pending.pop()
        yield process
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{process}/task"):
                with contextlib.suppress(OSError):
                    children = Path(f"/proc/{process}/task/{thread}/children").read_text()
                    pending += map(int, children.split())


def _resident_pages(process: int) -> int:
    """Its own pages: those that it shares (with files, with others) are not counted against it."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        fields = Path(f"/proc/{process}/statm").read_text().split()
        return int(fields[1]) - int(fields[2])
    return 0


def _available_memory() -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return FREE_BYTES
