"""Which generations living shells are in. These are not deleted, however old: their shells still have to leave them.

A shell that enters changes the environment that it was started with, which nothing outside of it can see. So the hook
leaves a pin, `<state>/shells/<process>`, with the directory of the generation. It never takes it away: that would cost
something at each leaving, and a killed shell could not. A pin counts as long as the shell that made it lives; a process
that was started after the pin was written only happens to have its number (FAULTS A-16).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from devenv.activation.state import PATH_LIMIT, find_claimed_generation, shells_path
from devenv.fsutil import read_regular
from devenv.settings import Settings

PIN_PATTERN = re.compile(r"[1-9][0-9]{0,8}")
"""Numbers of processes: at most 2²² on Linux, and within a C `int` everywhere."""
SCRATCH_SUFFIX = ".function"
"""Of a file beside the pin by way of which the hook for bash reads its own functions."""
SLACK = 1.0
"""Seconds by which a shell may seem to have started after its pin was written: the system's start is a whole number."""
STAT_LIMIT = 1 << 20


def read_pins(settings: Settings) -> Mapping[Path, tuple[int, ...]]:
    """The generations (by directory) that living shells entered last, each with its shells by number.

    What is no pin, or names no generation of this state directory, does not count (FAULTS L-09).
    """
    pins: dict[Path, list[int]] = defaultdict(list)
    for shell, pin in sorted(_iter_pins(settings)):
        if _is_living(shell, pin):
            generation = _read_pin(settings, pin)
            if generation is not None:
                pins[generation].append(shell)
    return {generation: tuple(shells) for generation, shells in pins.items()}


def remove_stale_pins(settings: Settings) -> None:
    """Delete the pins of shells that ended. What cannot be deleted stays."""
    for shell, pin in _iter_pins(settings):
        if not _is_living(shell, pin):
            for path in (pin, pin.with_name(pin.name + SCRATCH_SUFFIX)):
                with contextlib.suppress(OSError):
                    path.unlink()


def _iter_pins(settings: Settings) -> Iterator[tuple[int, Path]]:
    try:
        names = os.listdir(shells_path(settings))
    except OSError:
        return
    for name in names:
        if PIN_PATTERN.fullmatch(name):
            yield int(name), shells_path(settings) / name


def _read_pin(settings: Settings, pin: Path) -> Path | None:
    try:
        return find_claimed_generation(settings, os.fsdecode(read_regular(pin, PATH_LIMIT)))
    except OSError:
        return None


def _is_living(shell: int, pin: Path) -> bool:
    """Whether the process that wrote the pin lives. Where its start cannot be told, whoever has the number counts."""
    try:
        written = pin.stat().st_mtime
        os.kill(shell, 0)
    except PermissionError:
        # Another user's: a shell after `su`, which keeps the home directory, may be among them.
        pass
    except OSError:
        return False
    started = _find_start(shell)
    return started is None or started <= written + SLACK


def _find_start(process: int) -> float | None:
    """When it was started, in seconds since the epoch; None where the system has no `/proc`, or it is gone."""
    try:
        # Its second field is a name that may hold anything, brackets and blanks too; the 22nd counts from the boot.
        fields = read_regular(Path(f"/proc/{process}/stat"), STAT_LIMIT).rpartition(b")")[2].split()
        booted = re.search(rb"^btime ([0-9]+)$", read_regular(Path("/proc/stat"), STAT_LIMIT), re.MULTILINE)
        return None if booted is None else int(booted[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
