"""Amounts of bytes as people write and read them, in binary units: `1.5G` is 1.5 · 2³⁰ bytes."""

from __future__ import annotations

import re

UNITS = "KMGTPE"
"""Each is 1024 times the one before it."""

SIZE = re.compile(
    rf"(?P<whole>[0-9]{{1,18}})(?:\.(?P<fraction>[0-9]{{1,6}}))? ?(?:(?P<unit>[{UNITS}])(?:iB)?|B)?", re.ASCII
)


def parse_size(text: str) -> int:
    """The bytes that `text` means: `500M`, `1.5G`, `1.5 GiB`, `12345`; a fraction of a byte is dropped.

    Decimal units (`MB`) are refused and not guessed at. Raises ValueError.
    """
    match = SIZE.fullmatch(text)
    if match is None or (match["fraction"] and not match["unit"]):
        raise ValueError(f"{text[:40]!r} is no size: write bytes, or a number with one of {', '.join(UNITS)}")
    factor = 1 << 10 * (UNITS.index(match["unit"]) + 1 if match["unit"] else 0)
    fraction = (match["fraction"] or "").ljust(6, "0")
    return int(match["whole"]) * factor + int(fraction) * factor // 10**6


def format_size(size: int) -> str:
    """`size` bytes in at most seven characters (up to 999 EiB): `0 B`, `999 B`, `1.5 GiB`, `120 MiB`."""
    if size < 1000:
        return f"{size} B"
    number, unit = size / 1024, UNITS[0]
    for larger in UNITS[1:]:
        # What would round to four digits is told in the next unit.
        if number < 999.5:
            break
        number, unit = number / 1024, larger
    return f"{number:.1f} {unit}iB" if number < 9.95 else f"{number:.0f} {unit}iB"
