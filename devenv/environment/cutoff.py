"""Answers as they were at a time: what was released later does not count, as far as the indexes tell when that was.

Files of `pypi:` have a time each, where their index speaks JSON (PEP 700). A suite of Debian has one time for all of
it, that of its release: what is older as a whole is known to be, of a younger one nothing is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devenv.dates import format_time, parse_time
from devenv.durations import parse_duration
from devenv.environment.answers import LockingIndex, SuiteRelease
from devenv.errors import ResolutionError
from devenv.events import Notice, Report
from devenv.manifest.model import Manifest
from devenv.manifest.wording import format_names
from devenv.packages.wheels import WheelFile
from devenv.system import System

if TYPE_CHECKING:
    from devenv.debian.closure import DebIndex
    from devenv.debian.record import DebRecord
    from devenv.debian.source_record import SourceIndex


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A time (seconds since the epoch) after which nothing counts, and who says so, for messages."""

    time: int
    reason: str
    refuses_suites: bool
    """Whether a suite is refused of which nothing is known; else that it does not hold for it is said."""

    @property
    def day(self) -> str:
        """The time, for messages."""
        return format_time(self.time)

    def is_before(self, release: SuiteRelease) -> bool:
        """Whether all that a suite has in that state is from before."""
        date = parse_time(release.date)
        return date is not None and date <= self.time


def find_cutoffs(manifest: Manifest, before: int | None, now: float) -> tuple[Cutoff, ...]:
    """What the manifest asks for (`[lock]`), and the command with `before`, at the time `now`."""
    cutoffs = []
    age = manifest.lock.minimum_release_age
    if age is not None:
        cutoffs.append(Cutoff(int(now - parse_duration(age)), f'`minimum-release-age = "{age}"`', False))
    if before is not None:
        cutoffs.append(Cutoff(before, f"`--before {format_time(before)}`", True))
    return tuple(cutoffs)


class NoPackages:
    """A suite that has nothing."""

    def find(self, name: str) -> None:
        """Nothing."""

    def providers(self, name: str) -> Sequence[tuple[DebRecord, str | None]]:
        """Nobody."""
        del name
        return ()

    def names(self) -> Sequence[str]:
        """None."""
        return ()


class NoSources:
    """The same for source packages."""

    def find(self, name: str) -> None:
        """Nothing."""


class DatedIndex:
    """An index as it was at a time."""

    def __init__(self, index: LockingIndex, cutoff: Cutoff, report: Report) -> None:
        self._index = index
        self._cutoff = cutoff
        self._report = report
        self._told: set[str] = set()
        self._hidden: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        """Suites of which it is not known what they had then, with the dates of their states."""

    def wheels_of(self, projects: Iterable[str]) -> Mapping[str, Sequence[WheelFile]]:
        """The files that were there then. Raises ResolutionError (`release-time-unknown`)."""
        return {project: self._select(project, files) for project, files in self._index.wheels_of(projects).items()}

    def wheels(self, project: str) -> Sequence[WheelFile]:
        """The same for one project."""
        return self.wheels_of([project])[project]

    def _select(self, project: str, files: Sequence[WheelFile]) -> Sequence[WheelFile]:
        dated = [file for file in files if file.uploaded is not None]
        if files and not dated:
            raise ResolutionError(
                f"the index does not say when `pypi:{project}` was uploaded, which {self._cutoff.reason} needs",
                hint="ask an index whose pages are JSON with upload times (PEP 700), or do without",
                slug="release-time-unknown",
            )
        if len(dated) < len(files):
            count = len(files) - len(dated)
            self._tell(f"{count} files of `pypi:{project}` do not count: the index does not say since when it has them")
        there = [file for file in dated if file.uploaded is not None and file.uploaded <= self._cutoff.time]
        self._hidden[project] = len(dated) - len(there)
        return there

    def sizes_of(self, files: Iterable[WheelFile]) -> Mapping[str, int]:
        """As the index says."""
        return self._index.sizes_of(files)

    def has_suites(self) -> bool:
        """As the index says."""
        return self._index.has_suites()

    def open_suites(self, wanted: Collection[tuple[str, System | None]]) -> None:
        """Only those that count are brought here."""
        self._index.open_suites([each for each in wanted if self._counts(each[0])])

    def suite(self, suite: str, system: System) -> DebIndex:
        """The packages of a suite: none where it does not count."""
        return self._index.suite(suite, system) if self._counts(suite) else NoPackages()

    def sources(self, suite: str) -> SourceIndex:
        """The source packages of a suite: none where it does not count."""
        return self._index.sources(suite) if self._counts(suite) else NoSources()

    def release(self, suite: str) -> SuiteRelease:
        """As the index says."""
        return self._index.release(suite)

    def _counts(self, suite: str) -> bool:
        release = self._index.release(suite)
        if self._cutoff.is_before(release):
            return True
        if self._cutoff.refuses_suites:
            self.refused[suite] = release.date
            return False
        reason = self._cutoff.reason
        self._tell(f"{reason} does not hold for `debian:{suite}`, which does not say since when it has a package")
        return True

    def explain(self, error: ResolutionError) -> ResolutionError:
        """The error that nothing answers, with what does not count."""
        details = list(self._iter_hidden())
        if self.refused:
            details += [f"`debian:{suite}` is in its state of {date}" for suite, date in sorted(self.refused.items())]
            return ResolutionError(
                f"nothing says what of {format_names(f'debian:{each}' for each in self.refused)} is from before "
                f"{self._cutoff.day}, and nothing else answers",
                hint="set an archive of past states in devenv's settings (`snapshot`), or do without `--before`",
                details=(error.message, *error.details, *details),
                slug="release-too-new",
            )
        error.details = (*error.details, *details)
        return error

    def _iter_hidden(self) -> Iterator[str]:
        for project, count in sorted(self._hidden.items()):
            if count:
                yield f"{count} files of `pypi:{project}` do not count: {self._cutoff.reason}"

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._report(Notice(sentence))
