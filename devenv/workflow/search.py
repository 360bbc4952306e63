"""Finds packages in all sets by words: `search`. What is kept of Debian's suites is searched without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import DEBIAN, SUITES, suite_prefix
from devenv.errors import FetchError, UsageError
from devenv.events import Detail, Notice
from devenv.packages.package_set import SOURCE_PREFIX
from devenv.workflow.results import FoundDebian, FoundPackage, SearchResult
from devenv.workflow.tools import Tools
from devenv.workflow.usual_suite import choose_suite, find_usual_suite

if TYPE_CHECKING:
    from devenv.debian.search import DebSummary
    from devenv.fetch.debian.suite_index import SuiteIndex
    from devenv.packages.package import Package

DEBIAN_LIMIT = 20
"""Debian packages that are found unless all are wanted."""

WORDS_LIMIT, WORD_LIMIT = 20, 100
"""Words of one search, and characters of a word: more find nothing, and a database takes only so many conditions."""

SET = re.compile(rf"^(?:{SOURCE_PREFIX}|{DEBIAN}(?:(?:{'|'.join(SUITES)})/)?)", re.ASCII)
"""What a pasted name may begin with."""


def search(tools: Tools, start: Path, words: Sequence[str], *, everything: bool = False) -> SearchResult:
    """The packages that all words apply to, best first; without words those that have a recipe.

    Debian's are looked for in the suites whose indexes are kept, however old; where none is, that of the usual suite is
    fetched. What keeps it from coming becomes a notice, as does that nothing was found. A set before a word counts for
    nothing: all are searched. Names are those to add in the project at or above `start`.
    `everything` lifts the limit on Debian's packages. Raises UsageError where there are too many words, or too long
    ones.
    """
    from devenv.workers import run_parallel

    asked = _Search(tools, _split(words))
    tools.usual_suite = find_usual_suite(tools.settings, start)
    # Recipes are evaluated by one thread while others read the disk.
    run_parallel([asked.look_into_base, asked.look_into_debian], 2)
    asked.report_missing()
    packages = tuple(FoundPackage(each.wanted_name, each.summary, each.programs) for each in asked.packages)
    if not asked.words:
        return SearchResult((), packages, suites={suite: index.count() for suite, index in asked.suites.items()})
    shown = asked.debian if everything else asked.debian[:DEBIAN_LIMIT]
    debian = tuple(_describe(each, asked.suites, tools.usual_suite) for each in shown)
    asked.report_nothing()
    return SearchResult(tuple(words), packages, debian, len(asked.debian) - len(shown))


def _split(texts: Sequence[str]) -> list[str]:
    """The words, in lower case. Bytes that are no text, which nothing has in its name, become question marks."""
    words = " ".join(texts).encode("utf-8", "replace").decode().lower().split()
    words = [rest for word in words if (rest := SET.sub("", word))]
    if len(words) > WORDS_LIMIT or any(len(word) > WORD_LIMIT for word in words):
        raise UsageError(
            f"a search has at most {WORDS_LIMIT} words of {WORD_LIMIT} characters",
            hint="search for fewer words; all of them must apply",
            slug="search-too-long",
        )
    return words


class _Search:
    """One search: what it found so far."""

    def __init__(self, tools: Tools, words: Sequence[str]) -> None:
        self.tools = tools
        self.words = words
        self.packages: Sequence[Package] = ()
        self.suites: dict[str, SuiteIndex] = {}
        self.debian: Sequence[DebSummary] = ()
        self.failure: FetchError | None = None

    def look_into_base(self) -> None:
        from devenv.packages.search import search_packages

        sets = (self.tools.base_set, self.tools.source_set)
        self.packages = [package for each in sets for package in search_packages(each, self.words)]

    def look_into_debian(self) -> None:
        from devenv.debian.search import search_summaries
        from devenv.workers import run_parallel

        try:
            self.open_suites()
        except FetchError as error:
            self.failure = error
        if self.words:
            # The newest suite's summary is the one that counts.
            tasks = [partial(self.suites[suite].search, self.words) for suite in reversed(self.suites)]
            self.debian = search_summaries(chain.from_iterable(run_parallel(tasks, len(tasks))), self.words)

    def open_suites(self) -> None:
        system = self.tools.system
        self.suites = self.tools.kept_suites(system)
        if self.words and not self.suites and system in ARCHITECTURES:
            suite = self.tools.usual_suite
            self.suites = {suite: self.tools.debian_index.suite(suite, system)}

    def report_missing(self) -> None:
        """Say why Debian was left out. That no archive is configured matters only where nothing else was found."""
        if self.failure is not None:
            text = f"Debian's packages were not searched: {self.failure.message}"
            unimportant = self.packages and self.failure.slug == "registry-unconfigured"
            self.tools.report(Detail(text) if unimportant else Notice(text))

    def report_nothing(self) -> None:
        """Where nothing was found, say so, with names that may have been meant."""
        if self.packages or self.debian:
            return
        near = " or ".join(f"`{name}`" for name in self._iter_near())
        meant = f"; did you mean {near}?" if near else ""
        self.tools.report(Notice(f"nothing is found for `{' '.join(self.words)}`{meant}"))

    def _iter_near(self) -> Iterator[str]:
        """The name in the base set and the one in a suite that are most like what was searched for."""
        from devenv.debian.search import similar_names

        if len(self.words) > 1:
            return
        usual = self.tools.usual_suite
        sets: list[tuple[str, Sequence[str]]] = [("", self.tools.base_set.names())]
        if self.suites:
            suite = choose_suite(self.suites, usual)
            sets.append((suite_prefix(suite, usual), self.suites[suite].names()))
        for prefix, names in sets:
            yield from (prefix + name for name in similar_names(self.words[0], names)[:1])


def _describe(summary: DebSummary, suites: Mapping[str, SuiteIndex], usual: str) -> FoundDebian:
    from devenv.resolve.suites import asked_version

    records = {suite: index.find(summary.name) for suite, index in suites.items()}
    versions = {suite: asked_version(record.version) for suite, record in records.items() if record is not None}
    prefix = suite_prefix(choose_suite(versions, usual), usual)
    return FoundDebian(prefix + summary.name, summary.summary, versions)
