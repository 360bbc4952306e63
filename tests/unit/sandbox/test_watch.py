"""Limits that nobody but devenv keeps: which one is broken, in words and as a slug (J-09)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devenv.sandbox import watch as module
from devenv.sandbox.model import Limits
from devenv.sandbox.watch import Watch, iter_below

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system has no such `/proc`")

GENEROUS = Limits(seconds=1e6, silence=1e6, memory=1 << 50, processes=1 << 20)


def look(limits: Limits, monkeypatch: pytest.MonkeyPatch, *, passed: float, spoke: float = 0) -> tuple[str, str] | None:
    """What a look says `passed` seconds after the beginning, when the last word came `spoke` seconds after it."""
    began = time.monotonic()
    watch = Watch(limits, os.getpid(), Path("/"))
    monkeypatch.setattr(time, "monotonic", lambda: began + passed)
    return watch.look(began + spoke)


def test_nothing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build within its limits goes on, and so does one without limits."""
    monkeypatch.setattr(module, "FREE_BYTES", 0)
    assert look(GENEROUS, monkeypatch, passed=5) is None
    assert look(Limits(seconds=None, silence=None), monkeypatch, passed=1e9) is None


@pytest.mark.parametrize(
    ("limits", "slug"),
    [
        (Limits(seconds=4), "build-timeout"),
        (Limits(seconds=None, silence=2.5), "build-silent"),
        (Limits(memory=1 << 20), "build-out-of-memory"),
        (Limits(processes=0), "build-too-many-processes"),
    ],
)
def test_what_is_broken(limits: Limits, slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each limit by itself: its slug, and its number in the words."""
    monkeypatch.setattr(module, "FREE_BYTES", 0)
    broken = look(limits, monkeypatch, passed=5, spoke=2)
    assert broken is not None
    assert broken[1] == slug
    assert any(character.isdigit() for character in broken[0])


def test_space_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build leaves others some of the disk and of the memory."""
    monkeypatch.setattr(module, "FREE_BYTES", 1 << 60)
    broken = look(GENEROUS, monkeypatch, passed=5)
    assert broken is not None
    assert broken[1] == "build-disk-full"
    monkeypatch.setattr(
        os, "statvfs", lambda _: os.statvfs_result((4096, 4096, 1 << 60, 1 << 60, 1 << 60, 0, 0, 0, 0, 9))
    )
    broken = look(GENEROUS, monkeypatch, passed=5)
    assert broken is not None
    assert broken[1] == "build-out-of-memory"


def test_short_builds_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at processes costs time: what is over at once is not looked at."""
    assert look(Limits(processes=0), monkeypatch, passed=0.05) is None


def test_all_below() -> None:
    """All descendants are found, those that other threads started too; what has ended in between is passed over."""
    program = (
        "import subprocess, threading; it = threading.Thread(target=lambda: subprocess.run(['sleep', '30'])); "
        "it.start(); it.join()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 10
            while len(below := list(iter_below(process.pid))) < 2:
                assert time.monotonic() < deadline
            assert below[0] == process.pid
            # A process is there before it has become its program.
            while b"sleep" not in Path(f"/proc/{below[1]}/cmdline").read_bytes():
                assert time.monotonic() < deadline
            os.kill(below[1], 9)
        finally:
            process.kill()
    assert list(iter_below(process.pid)) == [process.pid]
