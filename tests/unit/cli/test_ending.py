"""Signals that ask devenv to end: once in order, twice at once, and not where somebody ignores them (A-11)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devenv.cli.ending import orderly_ending

REPOSITORY = Path(__file__).parents[3]

PROGRAM = """
import os, signal, sys
from devenv.cli.ending import orderly_ending
numbers = [getattr(signal, name) for name in sys.argv[1:]]
with orderly_ending() as ending:
    try:
        # All are pending before the first is dealt with.
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        for number in numbers:
            os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    except KeyboardInterrupt:
        for number in numbers[1:]:
            if number == numbers[0]:
                os.kill(os.getpid(), number)
        sys.exit(ending.status)
"""


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["SIGTERM"], 143),
        (["SIGHUP"], 129),
        (["SIGTERM", "SIGTERM"], -15),
        (["SIGHUP", "SIGHUP"], -1),
    ],
)
def test_signals(names: list[str], status: int) -> None:
    """The first of a kind ends in order with its status; the second ends the process (A-11)."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *names], cwd=REPOSITORY, check=False, capture_output=True)
    assert done.returncode == status, done.stderr
    assert done.stderr == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signal_meanwhile(number: signal.Signals) -> None:
    """A second signal of another kind, as when a session ends, says nothing new (A-11)."""
    other = ({signal.SIGTERM, signal.SIGHUP} - {number}).pop()
    with orderly_ending() as ending:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), other)
        assert ending.status == 128 + number
        assert ending.asked
    assert signal.getsignal(number) == signal.SIG_DFL


def test_ignored_signals() -> None:
    """What is ignored, as `nohup` does, stays ignored (A-11)."""
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with orderly_ending() as ending:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not ending.asked
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, old)
