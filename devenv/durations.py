"""Spans of time as people write them: `90s`, `30m`, `12h`, `30d`, `2w`."""

from __future__ import annotations

import re

DURATION = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)
SECONDS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60, "w": 7 * 24 * 60 * 60}


def parse_duration(text: str) -> float:
    """The seconds that `text` means. Raises ValueError."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is no duration such as 30d, 12h or 2w")
    return float(int(match[1]) * SECONDS[match[2]])
