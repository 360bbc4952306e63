"""Search."""

from __future__ import annotations

import pytest

from devenv.packages.package_set import HIDDEN_NAMES, read_base_set
from devenv.packages.search import search_packages


@pytest.mark.parametrize(("words", "expected"), [
    (["go"], ["go"]), (["rg"], ["ripgrep"]), (["node"], ["nodejs"]), (["Python"], ["python", "maturin"]),
    (["shell", "format"], ["shfmt"]), (["shell format"], ["shfmt"]), (["shell"], ["shellcheck", "bash"]),
    (["c"], ["cacert", "caddy"]), (["no-such-thing"], []),
])  # fmt: skip
def test_search(words: list[str], expected: list[str]) -> None:
    """All words must apply; names come before programs, programs before summaries."""
    assert [package.name for package in search_packages(read_base_set(), words)][: len(expected) or None] == expected


def test_no_words_list_everything() -> None:
    """Without words all packages are listed by name, but for what nobody asks for."""
    packages = read_base_set()
    shown = tuple(package.name for package in search_packages(packages, []))
    assert shown == tuple(name for name in packages.names() if name not in HIDDEN_NAMES)


def test_recipes_say_what_is_searched() -> None:
    """A search that evaluates only recipes whose text holds the words finds a package by all that it is known by."""
    packages = read_base_set()
    for name in packages.names():
        package = packages.package(name)
        text = packages.recipe(name).lower()
        words = " ".join([package.name, package.summary, *package.programs]).lower().split()
        assert [word for word in words if word not in text] == [], name
