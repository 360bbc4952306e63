"""Times as registries and people write them, in UTC: `2026-11-01`, `2026-11-01T08:00:00Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

TIME = re.compile(
    r"(?!0000)(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?Z)?", re.ASCII
)
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def parse_time(text: str) -> int | None:
    """Seconds since the epoch; of a day its first. None where it is no time."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{found['day']}T{found['time'] or '00:00:00'}+00:00")
    except ValueError:
        return None
    return int(moment.timestamp())


def format_time(seconds: float) -> str:
    """Seconds since the epoch as `2026-11-01T08:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime(TIME_FORMAT)
