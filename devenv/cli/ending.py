"""Ends in order where somebody else asks for it: SIGTERM, and SIGHUP of a terminal that is closed, are like Ctrl-C.

Otherwise the kernel would end us in the middle: builds would die with us, but their directories, and what is half
downloaded, would stay until the next run (FAULTS A-11). Whoever asks twice does not want to wait: the second signal of
a kind ends the process as if nothing were here.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
FATAL = 128
"""What shells add to the number of the signal that ended a program."""


@dataclass(slots=True)
class Ending:
    """The status to end with where the work was interrupted: Ctrl-C's, unless another signal came first."""

    status: int = FATAL + signal.SIGINT
    asked: bool = False
    """Whether one of `SIGNALS` came."""


@contextlib.contextmanager
def orderly_ending() -> Iterator[Ending]:
    """Within, such a signal raises KeyboardInterrupt in the main thread, once, and the status tells which it was."""
    ending = Ending()
    # Who ignores one (`nohup`) goes on ignoring it, and so do the programs that we become.
    taken = [number for number in SIGNALS if signal.getsignal(number) == signal.SIG_DFL]

    def interrupt(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if ending.asked:
            # The same again, before the first was dealt with, ends us; another says nothing new.
            if ending.status == FATAL + number:
                os.kill(os.getpid(), number)
            return
        ending.status, ending.asked = FATAL + number, True
        raise KeyboardInterrupt

    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield ending
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
