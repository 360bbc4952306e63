"""Finds Debian packages by words, ranked as those of other package sets are (`devenv.ranking`), and similar names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from devenv.ranking import rank_word

AUXILIARY_SECTIONS = frozenset({"debug", "doc", "libdevel", "libs", "localization", "oldlibs", "translations"})
AUXILIARY_NAMES = re.compile(r"lib(?!reoffice).*|.*-(?:dev|dbg|dbgsym|doc)", re.ASCII)
"""What comes with a program rather than being one."""

SUGGESTION_LIMIT = 3
LIKENESS = 0.7
"""Of 1; below it are names that share some letters only."""
LENGTH_DIFFERENCE = 2
"""Characters that a name may have more or less than one that is similar."""


class DebSummary(NamedTuple):
    """What a search looks at: a plain tuple, because a common word has tens of thousands."""

    name: str
    section: str
    summary: str


def search_summaries(summaries: Iterable[DebSummary], words: Sequence[str]) -> list[DebSummary]:
    """Those that all `words` (lower case) apply to, best first; of several with one name the first counts.

    The package that is called as a word says comes first, then programs, then libraries and documentation.
    """
    known: set[str] = set()
    found = []
    for each in summaries:
        if each.name not in known:
            known.add(each.name)
            rank = _rank(each, words)
            if rank is not None:
                found.append((rank > 0 and _is_auxiliary(each), rank, len(each.name), each))
    return [each for *_, each in sorted(found)]


def _rank(summary: DebSummary, words: Sequence[str]) -> int | None:
    """0 is best."""
    total = 0
    for word in words:
        rank = rank_word(word, summary.name, summary.summary)
        if rank is None:
            return None
        total += rank
    return total


def _is_auxiliary(summary: DebSummary) -> bool:
    return (
        summary.section.rpartition("/")[2] in AUXILIARY_SECTIONS or AUXILIARY_NAMES.fullmatch(summary.name) is not None
    )


def similar_names(name: str, names: Iterable[str]) -> list[str]:
    """At most three of `names` that somebody who wrote `name` may have meant, the likeliest first.

    That is one with the same letters in another order, then those that are spelled alike, then the shortest that begin
    with it.
    """
    name = name.lower()
    letters, length = sorted(name), len(name)
    names = list(names)
    # The comparison is costly, and a suite has 70,000 names.
    near = [each for each in names if abs(len(each) - length) <= LENGTH_DIFFERENCE]
    swapped = [each for each in near if len(each) == length and sorted(each) == letters]
    alike = difflib.get_close_matches(name, near, SUGGESTION_LIMIT, cutoff=LIKENESS)
    longer = sorted((each for each in names if each.startswith(name)), key=lambda each: (len(each), each))
    return list(dict.fromkeys([*swapped, *alike, *longer]))[:SUGGESTION_LIMIT]
