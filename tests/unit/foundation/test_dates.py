"""Times as registries and people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.dates import format_time, parse_time


@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_there_and_back(seconds: int) -> None:
    """What is written is read as the same second."""
    assert parse_time(format_time(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T08:09:10.123456Z", "2026-11-01T08:09:10Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
    ],
)
def test_forms(text: str, written: str) -> None:
    """A day means its beginning; fractions of seconds are dropped."""
    seconds = parse_time(text)
    assert seconds is not None
    assert format_time(seconds) == written


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13-01", "2026-02-30", "2026-11-01T24:61:00Z", "2026-11-01T08:00:00", "0000-01-01",
             "2026-11-01T08:00:00+01:00", "٢٠٢٦-11-01", "2026-11-01\n", "2026-11-01T08:00:00." + "1" * 100 + "Z"]
)  # fmt: skip
def test_no_time(text: str) -> None:
    """What is in another form, or no day of the calendar, is no time."""
    assert parse_time(text) is None
