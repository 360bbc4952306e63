"""Patterns for files: which paths they mean, and that none takes long."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.manifest.globs import find_matching, is_match


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("*.py", ["a.py", "b/a.py", "b/c/.py"], ["a.pyc", "a.py/b", "py"]),
        ("src/*.py", ["src/a.py"], ["src/b/a.py", "a/src/a.py", "src/a.pyc"]),
        ("src/**/*.py", ["src/a.py", "src/b/a.py", "src/b/c/a.py"], ["a.py", "srca.py", "src/b"]),
        ("**/test/*", ["test/a", "a/test/b", "a/b/test/c"], ["test", "a/test", "atest/b"]),
        ("docs/**", ["docs/a", "docs/a/b"], ["a/docs/b", "docsa"]),
        ("Makefile", ["Makefile", "a/Makefile"], ["makefile", "Makefile.am"]),
        ("[!a]?.c", ["bb.c", "x/b1.c"], ["ab.c", "b.c"]),
        ("**", ["a", "a/b"], []),
        ("a/**/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a", "b"]),
        ("[", ["["], ["a"]),
    ],
)
def test_patterns(glob: str, matching: list[str], others: list[str]) -> None:
    """A pattern means what the reference says, and its case counts."""
    assert find_matching([*matching, *others], [glob]) == matching


def test_any_pattern_counts_and_order_stays() -> None:
    """A file is chosen once, where any of the patterns means it, in the order of the paths."""
    assert find_matching(["b.c", "a.c", "a.h", "x"], ["*.h", "*.c", "a.*"]) == ["b.c", "a.c", "a.h"]


SEGMENTS = st.lists(st.sampled_from(["a", "b", "ab", "*", "?", "**", "a*"]), min_size=2, max_size=5)


@given(st.lists(st.sampled_from(["a", "b", "ab", "ba"]), min_size=1, max_size=5), SEGMENTS)
def test_agrees_with_a_plain_definition(names: list[str], patterns: list[str]) -> None:
    """Trying every number of directories for each `**` finds the same."""

    def matches(rest: list[str], left: list[str]) -> bool:
        if not left:
            return not rest
        if left[0] == "**":
            return any(matches(rest[count:], left[1:]) for count in range(len(rest) + 1))
        return bool(rest) and PurePosixPath(rest[0]).match(left[0]) and matches(rest[1:], left[1:])

    assert is_match("/".join(names), "/".join(patterns)) == matches(names, patterns)


def test_no_pattern_takes_long() -> None:
    """A pattern of sixty `**` on a deep path takes no more time than its size says."""
    began = time.perf_counter()
    assert not is_match("/".join(["a"] * 400), "/".join(["**", "a"] * 30) + "/b")
    assert not is_match("a" * 4000, "*a" * 90 + "b")
    assert time.perf_counter() - began < 2
