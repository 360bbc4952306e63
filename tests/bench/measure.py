"""How things are timed: whole processes, in pairs whose order alternates, told by medians.

A pair is measured close together, so that what else the machine does meets both; the ratio is the median of the pairs'
own ratios.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which `ru_maxrss` counts (getrusage(2) of macOS and of Linux)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took from its start to its end."""

    seconds: float
    memory: int
    """Bytes resident at the peak."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Measurements of the same thing done by devenv and by a peer: ours and theirs, pair by pair."""

    values: tuple[tuple[float, float], ...]

    @property
    def ours(self) -> float:
        """Our median."""
        return statistics.median(our for our, _ in self.values)

    @property
    def theirs(self) -> float:
        """Their median."""
        return statistics.median(their for _, their in self.values)

    @property
    def ratio(self) -> float:
        """How many times what the peer takes we take."""
        return statistics.median(self._ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """Between which two values the middle half of the pairs' ratios lies."""
        if len(self.values) < 2:
            return self.ratio, self.ratio
        lower, _, upper = statistics.quantiles(self._ratios, n=4, method="inclusive")
        return lower, upper

    @property
    def _ratios(self) -> list[float]:
        return [our / their for our, their in self.values]


def measure_pairs(ours: Callable[[], T], theirs: Callable[[], T], count: int) -> tuple[tuple[T, T], ...]:
    """`count` pairs, after one that warms up and does not count. Who comes first alternates."""
    pairs = []
    for number in range(count + 1):
        if number % 2:
            our = ours()
            their = theirs()
        else:
            their = theirs()
            our = ours()
        pairs.append((our, their))
    return tuple(pairs[1:])


def measure_process(command: Sequence[str], directory: Path, environ: Mapping[str, str]) -> Cost:
    """Run a command, which must succeed. What the disk still has to write is written before."""
    os.sync()
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=errors)
    return Cost(seconds, usage.ru_maxrss * MEMORY_UNIT)
