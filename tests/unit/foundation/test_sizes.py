"""Amounts of bytes as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("12345", 12345),
        ("12 B", 12),
        ("1K", 1024),
        ("500M", 500 << 20),
        ("1.5G", 3 << 29),
        ("1.5 GiB", 3 << 29),
        ("2T", 2 << 40),
        ("0.1K", 102),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """A size means the same in settings, options and what devenv itself prints."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1.5", "1,5G", "1MB", "1g", " 1G", "1  G", "1G\n", "1e9", "٣G", "inf"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A limit that could be misread by a factor is an error, not a guess."""
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (1024, "1.0 KiB"),
        (10188, "9.9 KiB"),
        (10189, "10 KiB"),
        (1023 << 10, "1.0 MiB"),
        (3 << 29, "1.5 GiB"),
        (120 << 20, "120 MiB"),
    ],
)
def test_sizes_are_written(size: int, text: str) -> None:
    """Two digits that matter, in the unit that a person would choose."""
    assert format_size(size) == text


@given(st.integers(0, 999 << 60))
def test_written_sizes_are_short_and_near(size: int) -> None:
    """A column of seven characters takes every size, and none is off by more than a rounding."""
    text = format_size(size)
    assert len(text) <= 7
    assert abs(parse_size(text) - size) <= size / 18


@given(st.integers(0, 1 << 62), st.integers(0, 1 << 62))
def test_written_sizes_keep_their_order(one: int, other: int) -> None:
    """What is larger never reads as smaller."""
    small, large = sorted((one, other))
    assert parse_size(format_size(small)) <= parse_size(format_size(large))
