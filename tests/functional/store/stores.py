"""What functional tests of the store share: processes that are held at a point of their work, or killed there."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from devenv.fault_points import set_fault_handler

CLONE_NEWNS = 0x20000
FAILED = 70
"""Exit status of a child in which something was raised."""


def fork(work: Callable[[], None]) -> int:
    """Do `work` in a child that ends with it, with status 0 unless something is raised; returns its number.

    The caller has no store open: of locks and SQLite connections nothing may be inherited.
    """
    child = os.fork()
    if child:
        return child
    status = FAILED
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - the child's only way to say what happened
        traceback.print_exc()
    finally:
        os._exit(status)


def wait_for(child: int) -> int:
    """The exit status of a child, negative for a signal."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def run_killed(work: Callable[[], None], point: str, number: int = 1) -> bool:
    """Do `work` in a child that is killed when it comes to `point` for the `number`th time; whether it came to that."""

    def killed() -> None:
        passed = 0

        def handler(name: str) -> None:
            nonlocal passed
            passed += name == point
            if passed == number:
                os.kill(os.getpid(), signal.SIGKILL)

        set_fault_handler(handler)
        work()

    status = wait_for(fork(killed))
    assert status in {0, -signal.SIGKILL}, status
    return status != 0


class Held:
    """A child that waits at a point of its work until it is let go: `with Held(…) as held` begins once it is there.

    Two FIFOs in the directory `place` are the rendezvous. It stops there each time; `release` lets it go on to its end,
    `kill` ends it.
    """

    def __init__(self, place: Path, point: str, work: Callable[[], None], number: int = 1) -> None:
        self._arrived, self._go = place / f"arrived-{point}", place / f"go-{point}"
        for fifo in (self._arrived, self._go):
            os.mkfifo(fifo)
        self._ended = False
        self._child = fork(lambda: self._work(point, number, work))

    def _work(self, point: str, number: int, work: Callable[[], None]) -> None:
        passed = 0

        def handler(name: str) -> None:
            nonlocal passed
            passed += name == point
            if name == point and passed == number:
                self._arrived.write_bytes(b"here")
                self._go.read_bytes()

        set_fault_handler(handler)
        work()

    def __enter__(self) -> Self:
        assert self._arrived.read_bytes() == b"here"
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is not None and not self._ended:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
        elif not self._ended:
            self.release()

    def release(self) -> None:
        """Let it go on, and wait until it has succeeded."""
        self._ended = True
        self._go.write_bytes(b"go")
        assert wait_for(self._child) == 0

    def kill(self) -> None:
        """End it where it is, as `kill -9` does."""
        self._ended = True
        os.kill(self._child, signal.SIGKILL)
        assert wait_for(self._child) == -signal.SIGKILL


def in_mount_namespace(work: Callable[[], None]) -> None:
    """Do `work` in a child whose mounts nobody else sees. Skips the test where the system does not allow that."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("nothing can be mounted here")

    def alone() -> None:
        assert unshare(CLONE_NEWNS) == 0
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        work()

    unshare = ctypes.CDLL(None, use_errno=True).unshare
    assert wait_for(fork(alone)) == 0


def read_peak_memory() -> int:
    """The most bytes that this process has had in memory; a forked child begins with its own count."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    pytest.skip("the system does not say how much memory a process had")
