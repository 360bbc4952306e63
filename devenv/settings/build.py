"""What builds may use on this machine: the table `[build]` of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from devenv.durations import parse_duration
from devenv.errors import Place
from devenv.settings.values import invalid, require_table, size

KEYS = {"jobs", "log", "memory", "processes", "silence", "timeout"}

Limit = TypeVar("Limit", int, float)


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How many builds run at once, and the limits of each. None: devenv's own."""

    jobs: int | None = None
    timeout: float | None = None
    """Seconds."""
    silence: float | None = None
    """Seconds without output."""
    memory: int | None = None
    """Bytes."""
    processes: int | None = None
    log: int | None = None
    """Bytes of a log."""


def parse_build(table: object, place: Place) -> BuildSettings:
    """The settings that the table says. Raises UsageError (`settings-invalid`)."""
    values = require_table(table, "build", KEYS, place)
    return BuildSettings(
        jobs=_count(values, "jobs", place),
        timeout=_duration(values, "timeout", place),
        silence=_duration(values, "silence", place),
        memory=_size(values, "memory", place),
        processes=_count(values, "processes", place),
        log=_size(values, "log", place),
    )


def _count(values: dict[str, object], key: str, place: Place) -> int | None:
    value = values.get(key)
    # Of the values that TOML knows, `true` is an `int` to Python as well.
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 20):
        raise invalid(f"`build.{key}` must be a number above 0", place)
    return value if isinstance(value, int) else None


def _duration(values: dict[str, object], key: str, place: Place) -> float | None:
    if key not in values:
        return None
    try:
        duration = parse_duration(str(values[key]))
    except ValueError as error:
        raise invalid(f"`build.{key}` must be a duration such as `30m`: {error}", place) from None
    return _above_zero(duration, key, place)


def _size(values: dict[str, object], key: str, place: Place) -> int | None:
    return _above_zero(size(values[key], f"build.{key}", place), key, place) if key in values else None


def _above_zero(limit: Limit, key: str, place: Place) -> Limit:
    """A limit of nothing would end every build; without one there is devenv's own."""
    if limit <= 0:
        raise invalid(f"`build.{key}` must be more than 0", place)
    return limit
