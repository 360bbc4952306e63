"""Until when a thread waits for servers, whatever they send meanwhile.

A time-out for single reads is none for an answer: whoever sends a byte, or an interim answer, now and then passes each
of them. So what is to end at some time runs inside `time_limit`, and every connection of `devenv.fetch.http` asks here
before it waits (`devenv.fetch.timed_connections`).
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from devenv.workers import check_cancelled

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)
"""Of this thread, by the monotonic clock."""


class DeadlineError(Exception):
    """The time is over in which a server should have answered."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a server may take, in seconds, at whatever pace."""

    answer: float = 60.0
    """Until its answer begins: connections, redirects and headers."""
    page: float = 180.0
    """For a page in all, with everything that is tried again."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let connections that this thread uses inside the `with` block raise DeadlineError after so many seconds.

    A limit around this one goes on to hold.
    """
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left() -> float:
    """Seconds until this thread's deadline, negative behind it; infinity where there is none."""
    return _deadline.get() - time.monotonic()


def shorten(timeout: float | None) -> float | None:
    """How many seconds a single wait may last that would else last `timeout` (None: for ever).

    Raises DeadlineError where no time is left, and Cancelled as `check_cancelled`.
    """
    check_cancelled()
    left = time_left()
    if left <= 0:
        raise DeadlineError
    if math.isinf(left):
        return timeout
    return left if timeout is None else min(timeout, left)
