"""Pins: which of them count. Real shells leave theirs in tests/shells/test_pins.py."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from devenv.generations.pins import read_pins, remove_stale_pins
from devenv.settings import Settings
from tests.generations import pin

ID = "0123456789abcdef" * 2
NO_PROCESS = 999_999_999
"""Above what any system gives out."""


def generation_path(settings: Settings, number: int = 1) -> Path:
    return settings.state / "projects" / ID / "generations" / str(number)


def test_pin_of_a_living_process(settings: Settings) -> None:
    """D-05: the generation that a living process names is in use, whether or not it is there."""
    pin(settings, os.getpid(), generation_path(settings))
    assert read_pins(settings) == {generation_path(settings): (os.getpid(),)}
    remove_stale_pins(settings)
    assert read_pins(settings) == {generation_path(settings): (os.getpid(),)}


def test_no_pins(settings: Settings) -> None:
    """B-04: a state directory without pins, or one that cannot be listed, has none."""
    assert read_pins(settings) == {}
    remove_stale_pins(settings)
    settings.state.mkdir(parents=True)
    (settings.state / "shells").write_text("")
    assert read_pins(settings) == {}


def test_pin_of_a_process_that_ended(settings: Settings) -> None:
    """A-16: the pin of a number that no process has does not count, and goes."""
    path = pin(settings, NO_PROCESS, generation_path(settings))
    assert read_pins(settings) == {}
    remove_stale_pins(settings)
    assert not path.exists()


def test_number_of_another_process(settings: Settings) -> None:
    """A-16: a process that was started after the pin was written only has the number of the one that wrote it."""
    path = pin(settings, os.getpid(), generation_path(settings))
    os.utime(path, (1.0, 1.0))
    assert read_pins(settings) == {}
    remove_stale_pins(settings)
    assert not path.exists()


def test_pin_written_as_the_process_started(settings: Settings) -> None:
    """D-05: the system's clock is coarse: a pin from within the second of the start still counts."""
    path = pin(settings, os.getpid(), generation_path(settings))
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    started = time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")
    os.utime(path, (started, started))
    assert read_pins(settings) == {generation_path(settings): (os.getpid(),)}
    os.utime(path, (started - 5, started - 5))
    assert read_pins(settings) == {}


@pytest.mark.parametrize(
    "claim",
    [
        "",
        "/etc",
        "{state}/projects/{id}/generations/1/../../../../../etc",
        "{state}/projects/{id}/generations/",
        "{state}/projects/{id}/generations/1\n",
        "{state}/projects/../projects/{id}/generations/1",
        "{state}x/projects/{id}/generations/1",
        "{state}/projects/{id}/generations/1" + "1" * 5000,
    ],
)
def test_what_a_pin_says_is_data(settings: Settings, claim: str) -> None:
    """L-09: only a generation of this state directory can be in use; the file stays as long as its process lives."""
    path = pin(settings, os.getpid(), claim.format(state=settings.state, id=ID))
    assert read_pins(settings) == {}
    remove_stale_pins(settings)
    assert path.exists()


@pytest.mark.parametrize("name", ["0", "-1", "+1", "01", "1 ", "self", "1" * 10, "９"])
def test_files_that_are_no_pins(settings: Settings, name: str) -> None:
    """D-10: what is not named like a process is passed over, and left alone."""
    path = pin(settings, os.getpid(), generation_path(settings)).rename(settings.state / "shells" / name)
    assert read_pins(settings) == {}
    remove_stale_pins(settings)
    assert path.exists()


def test_pins_that_are_no_files(settings: Settings) -> None:
    """K-05: a FIFO, a directory or a dangling link in a pin's place hangs nobody and raises nothing."""
    path = pin(settings, os.getpid(), "")
    for make in (os.mkfifo, os.mkdir, lambda place: os.symlink("/nowhere", place)):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
        make(path)
        assert read_pins(settings) == {}
        remove_stale_pins(settings)
