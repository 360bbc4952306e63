"""Until when versions are looked after: the data is sound, and lines are found by their beginnings."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from typing import Any

import pytest

from devenv.debian.suites import ROLLING, SUITES
from devenv.packages.end_of_life import FILE, read_ends
from devenv.packages.package_set import read_base_set, read_source_set

DATA: dict[str, Any] = tomllib.loads(FILE.read_text())


def test_every_table_says_where_it_is_from() -> None:
    """Each date comes with a source and the day as of which that was read."""
    for table in (*DATA["products"].values(), DATA["suites"]):
        assert table["source"]
        date.fromisoformat(table["seen"])


def test_lines_and_days() -> None:
    """Products are packages of ours, lines are beginnings of versions, days are days."""
    known = {*read_base_set().names(), *read_source_set().names()}
    for name, lines in read_ends().products.items():
        assert name in known
        for line, day in lines.items():
            assert re.fullmatch(r"[0-9]+(\.[0-9]+)*", line)
            date.fromisoformat(day)


def test_every_suite_has_its_ends() -> None:
    """All suites but the one that never ends, with the security team's end before the last one."""
    ends = read_ends()
    assert set(ends.security) == set(ends.long_term) == set(SUITES) - {ROLLING}
    for suite, day in ends.security.items():
        assert date.fromisoformat(day) < date.fromisoformat(ends.long_term[suite])


@pytest.mark.parametrize(
    ("product", "version", "day"),
    [
        ("nodejs", "20.11.1", "2026-04-30"),
        ("nodejs", "2.0", None),
        ("nodejs", "200.1", None),
        ("python", "3.1.4", None),
        ("python", "3.13.5", "2029-10-31"),
        ("jq", "1.7", None),
    ],
)
def test_find(product: str, version: str, day: str | None) -> None:
    """A line is the beginning of a version, number by number; of what is not known nothing is said."""
    assert read_ends().find(product, version) == day
