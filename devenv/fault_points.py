"""Named points before every durable step, at which tests let a process die or a call fail (FAULTS section 3).

A sweep counts the points that a scenario passes, then runs it once for each of them and each kind of fault. Nothing
outside the tests sets a handler, and no variable of the environment can: elsewhere a point costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable

FaultHandler = Callable[[str], None]
"""Is given the name of the point; may raise OSError, or end the process."""

_handler: FaultHandler | None = None


def fault_point(name: str) -> None:
    """The step `name` comes next: `place.step`, both in lower case."""
    if _handler is not None:
        _handler(name)


def set_fault_handler(handler: FaultHandler | None) -> None:
    """Have `handler` called at every point from now on; None: nothing is."""
    global _handler  # noqa: PLW0603 - one process, one handler: what a sweep's child is made for
    _handler = handler
