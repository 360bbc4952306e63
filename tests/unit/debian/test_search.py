"""Search among Debian packages, and names that are alike."""

from __future__ import annotations

import pytest

from devenv.debian.search import DebSummary, search_summaries, similar_names

SUMMARIES = (
    DebSummary("postgresql-doc-15", "doc", "documentation for the PostgreSQL database"),
    DebSummary("postgresql-15", "database", "The World's Most Advanced Open Source Relational Database"),
    DebSummary("jq", "utils", "lightweight and flexible command-line JSON processor"),
    DebSummary("libjq1", "libs", "JSON processor, library"),
    DebSummary("libjq-dev", "libdevel", "JSON processor, headers"),
    DebSummary("vim", "editors", "Vi IMproved"),
    DebSummary("libtool", "devel", "Generic library support script"),
    DebSummary("libreoffice", "editors", "office productivity suite"),
    DebSummary("xlibtools", "devel", "tools"),
)


@pytest.mark.parametrize(("words", "expected"), [
    (["jq"], "jq"), (["json"], "jq libjq1 libjq-dev"), (["processor", "json"], "jq libjq1 libjq-dev"),
    (["postgresql"], "postgresql-15 postgresql-doc-15"),
    (["database", "open"], "postgresql-15"), (["tabas"], "postgresql-15 postgresql-doc-15"), (["vi"], "vim"),
    (["libtool"], "libtool xlibtools"), (["no-such"], ""),
    (["lib"], "libreoffice xlibtools libjq1 libtool libjq-dev"),
])  # fmt: skip
def test_search(words: list[str], expected: str) -> None:
    """All words must apply; names come before summaries, what is called so first, libraries and documentation last."""
    assert " ".join(each.name for each in search_summaries(SUMMARIES, words)) == expected


def test_first_of_a_name_counts() -> None:
    """Of the summaries that several suites have for a package the first one is looked at, and no other."""
    both = (DebSummary("tool", "utils", "new words"), DebSummary("tool", "utils", "old words"))
    assert search_summaries(both, ["words"]) == [both[0]]
    assert search_summaries(both, ["old"]) == []


NAMES = ("htop", "htp", "bashtop", "postgresql", "postgresql-17", "python3", "ipython3", "redis-server", "zip")


@pytest.mark.parametrize(("name", "expected"), [
    ("htpo", ["htop", "htp"]), ("Pyhton3", ["python3", "ipython3"]), ("redis-sever", ["redis-server"]),
    ("postgres", ["postgresql", "postgresql-17"]), ("frobnicate", []), ("", ["htp", "zip", "htop"]), ("a" * 5000, []),
])  # fmt: skip
def test_similar_names(name: str, expected: list[str]) -> None:
    """Swapped letters come first, then other slips, then longer names; never more than three."""
    assert similar_names(name, NAMES) == expected
