"""Search."""

from __future__ import annotations

import pytest

from devenv.packages.package_set import read_base_set
from devenv.packages.search import search_packages


@pytest.mark.parametrize(("words", "expected"), [
    (["go"], ["go"]), (["rg"], ["ripgrep"]), (["node"], ["nodejs"]), (["Python"], ["maturin", "ruff", "uv"]),
    (["shell", "format"], ["shfmt"]), (["shell format"], ["shfmt"]), (["shell"], ["shellcheck", "shfmt"]),
    (["c"], ["cmake", "sccache", "zig"]), (["no-such-thing"], []),
])  # fmt: skip
def test_search(words: list[str], expected: list[str]) -> None:
    """All words must apply; names come before programs, programs before summaries."""
    assert [package.name for package in search_packages(read_base_set(), words)][: len(expected) or None] == expected


def test_no_words_list_everything() -> None:
    """Without words all packages are listed by name."""
    packages = read_base_set()
    assert tuple(package.name for package in search_packages(packages, [])) == packages.names()
