"""Debian's versions."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from devenv.debian.version import (
    OPERATORS,
    VERSION_LIMIT,
    compare_versions,
    is_version,
    satisfies,
    upstream_version,
    version_key,
)
from devenv.packages.wheels import parse_version

versions = st.from_regex(r"([0-9]{1,2}:)?[0-9a-z][0-9a-z.+~-]{0,8}(-[0-9a-z.+~]{1,5})?", fullmatch=True).filter(
    is_version
)

ASCENDING = [
    "0~~", "0~~a", "0~", "0", "0.9", "0.10", "1.0~beta1~svn1245", "1.0~beta1", "1.0~rc1", "1.0", "1.0-0.1",
    "1.0-1~bpo12+1",
    "1.0-1", "1.0-1+b1", "1.0-1+deb12u1", "1.0-1.1", "1.0-2", "1.0-10", "1.0a", "1.0a1", "1.0+dfsg", "1.0.0", "1.1",
    "1.1a", "1.1+1",
    "1.2--1", "1.2.3", "20230311", "1:0.1", "1:0.1-1", "2:0",
]  # fmt: skip
"""From dpkg's and Debian policy's examples, and from the archive."""


@pytest.mark.parametrize(("older", "newer"), list(itertools.pairwise(ASCENDING)))
def test_order(older: str, newer: str) -> None:
    """A tilde sorts before the end, letters before other signs, digits as numbers, the epoch above all."""
    assert compare_versions(older, newer) == -1
    assert compare_versions(newer, older) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [("1.0", "1.0-0"), ("0:1.0", "1.0"), ("1.00", "1.0"), ("1.0a", "1.0a0"), ("1.0-01", "1.0-1"), ("00", "0")],
)
def test_different_spellings_are_equal(first: str, second: str) -> None:
    """Absent epochs and revisions are 0, and leading zeros say nothing."""
    assert compare_versions(first, second) == 0


@given(versions, versions, versions)
def test_order_is_total(first: str, second: str, third: str) -> None:
    """Versions sort the same from any beginning: comparison is reflexive, antisymmetric and transitive."""
    assert compare_versions(first, first) == 0
    assert compare_versions(first, second) == -compare_versions(second, first)
    one, two, three = sorted((first, second, third), key=version_key)
    assert compare_versions(one, two) <= 0
    assert compare_versions(two, three) <= 0
    assert compare_versions(one, three) <= 0


@given(versions, versions)
def test_relations_agree_with_the_order(first: str, second: str) -> None:
    """Of `<<`, `=` and `>>` exactly one holds, and the others follow."""
    holds = {operator: satisfies(first, operator, second) for operator in OPERATORS}
    assert [holds["<<"], holds["="], holds[">>"]].count(True) == 1
    assert holds["<="] == (not holds[">>"])
    assert holds[">="] == (not holds["<<"])


def test_unknown_relation() -> None:
    """An operator that is none of Debian's, such as the retired `<`, is refused rather than guessed at."""
    with pytest.raises(ValueError, match="`<` is no relation"):
        satisfies("1", "<", "2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1.0-",
        ":1",
        "1:",
        "a:1",
        "1 0",
        "1.0/..",
        "1_0",
        "ü",
        "1\n",
        "٣",
        "1:2:3",
        "1" * (VERSION_LIMIT + 1),
        "~1",
    ],
)
def test_what_is_no_version(text: str) -> None:
    """K-03: what is no version is refused before anything is done with it."""
    assert not is_version(text)
    with pytest.raises(ValueError, match="is no version of a Debian package"):
        version_key(text)
    with pytest.raises(ValueError, match="is no version of a Debian package"):
        upstream_version(text)


@pytest.mark.parametrize(("text", "expected"), [
    ("1:15.13-0+deb12u1", "15.13"), ("3.11.2-6+deb12u6", "3.11.2"), ("1.1.1w-0+deb11u1", "1.1.1+w"),
    ("2:8.2~rc1-1", "8.2+rc1"), ("1.0~beta2+dfsg-1", "1.0+beta2"), ("1.0~alpha-1", "1.0+alpha"),
    ("2.0~pre3-1", "2.0+pre3"),
    ("3.0~a1-1", "3.0+a1"), ("1.0~rc1~git3-1", "1.0+rc1.git3"), ("17.0.17+10-1~deb12u1", "17.0.17+10"),
    ("8u392-ga-1", "8+u392.ga"),
    ("5.2.0+dfsg1-2", "5.2.0"), ("1.0+ds1-3", "1.0"), ("1.0.dfsg.1-2", "1.0"), ("1.0~dfsg-1", "1.0"),
    ("1.2+really1.1-1", "1.1"), ("1:1.3.dfsg+really1.3.1-1+b1", "1.3.1"), ("4.0~really3.9+dfsg-2", "3.9"),
    ("1.2~git2020-1", "1.2+git2020"), ("0~20200101.git-1", "0+20200101.git"), ("4.12.1~deb12u1", "4.12.1"),
    ("2.1+nmu1", "2.1"),
    ("2.1+b3", "2.1"), ("1.0~bravo-1", "1.0+bravo"), ("r12-1", "0+r12"), ("20230311-1", "20230311"),
    ("2:9.1.1230-2", "9.1.1230"),
])  # fmt: skip
def test_upstream_version(text: str, expected: str) -> None:
    """A manifest asks for upstream's version; Debian's own additions do not get into its way."""
    assert upstream_version(text) == expected


@given(
    versions | st.from_regex(rf"[0-9a-z][0-9A-Za-z.+~-]{{0,{VERSION_LIMIT - 1}}}", fullmatch=True).filter(is_version)
)
def test_every_version_has_an_upstream_version(text: str) -> None:
    """Whatever version the archive has, it can be asked for, and it is written in a lock as it is read again."""
    made = upstream_version(text)
    assert parse_version(made) == Version(made)


releases = st.lists(st.integers(0, 30), min_size=1, max_size=4)
suffixes = st.sampled_from(["", "-1", "-2+deb12u1", "a-1", "b-3", "+dfsg-1", "+ds1-4"])


@given(releases, releases, suffixes, suffixes)
def test_upstream_versions_keep_the_order(first: list[int], second: list[int], one: str, two: str) -> None:
    """The newest Debian version has the newest upstream version."""
    older, newer = sorted(
        (".".join(map(str, first)) + one, ".".join(map(str, second)) + two),
        key=lambda text: version_key(re.sub(r"\+d[a-z]+\w*", "", text)),
    )
    if len(first) == len(second):
        assert Version(upstream_version(older)) <= Version(upstream_version(newer))
