"""What Debian's suites offer: the impure half of locking for `debian:`, asked before anything is resolved.

A suite is answered from a signed release of each of its pockets, the package indexes that these fix by hash, and a
file made of them that is looked up in (`suite_database`). All three are kept; only the first is asked for again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Self

from devenv.debian.architectures import ARCHITECTURES
from devenv.digest import blake3_key
from devenv.errors import FetchError, ResolutionError
from devenv.events import Report, Step, ignore
from devenv.fetch.debian.access import DebianArchive
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.index_limit import clean_indexes, drop_database
from devenv.fetch.debian.package_indexes import SOURCE, FetchedIndex, fetch_index
from devenv.fetch.debian.pockets import Pocket, require_pockets
from devenv.fetch.debian.release_cache import PocketRelease, cache_directory
from devenv.fetch.debian.releases import ReleasePolicy, ReleaseReader, require_no_way_back
from devenv.fetch.debian.source_database import SourceDatabase
from devenv.fetch.debian.suite_database import database_path, find_revision
from devenv.fetch.debian.suite_index import SuiteIndex
from devenv.fetch.debian.suite_making import (
    SuitePart,
    SuitePlan,
    lock_database,
    make_database,
    plan_files,
    unwritable_error,
)
from devenv.system import System
from devenv.workers import run_parallel

PARALLEL_REQUESTS = 6
DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
NONE_KNOWN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SuiteRelease:
    """The state of a suite."""

    suite: str
    dates: Mapping[str, str]
    """When each of its pockets was released: `YYYY-MM-DDTHH:MM:SSZ`."""
    revision: str
    """`blake3:…` over the releases of all its pockets."""

    @property
    def date(self) -> str:
        """When the youngest of its pockets was released."""
        return max(self.dates.values())


class DebianIndex:
    """What suites offer, as this user's mirrors say it. May be used from several threads; to be closed.

    `refresh` asks though what is kept is fresh. `oldest` has dates of pockets (as in SuiteRelease), from locks: an
    older release is refused, as is one older than what is kept, unless `allow_older`.
    """

    def __init__(
        self,
        client: DebianClient,
        *,
        refresh: bool = False,
        oldest: Mapping[str, str] = NONE_KNOWN,
        allow_older: bool = False,
        report: Report = ignore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._refresh = refresh
        self._oldest = {} if allow_older else oldest
        self._allow_older = allow_older
        self._report = report
        self._clock = clock
        self._lock = threading.RLock()
        self._releases: dict[str, tuple[PocketRelease, ...]] = {}
        self._opened: dict[tuple[str, System], SuiteIndex] = {}
        self._opened_sources: dict[str, SourceDatabase] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the indexes that were given out."""
        with self._lock:
            for opened in self._opened.values():
                opened.close()
            for sources in self._opened_sources.values():
                sources.close()
            self._opened.clear()
            self._opened_sources.clear()

    def release(self, suite: str) -> SuiteRelease:
        """The state that `suite` is in.

        Raises FetchError: `suite-unknown`, those of `ReleaseReader.read` and of `DebianClient.access`.
        """
        return _summarise(suite, self._read_releases(suite))

    def suite(self, suite: str, system: System) -> SuiteIndex:
        """What `suite` offers for `system`.

        Raises FetchError: those of `release` and `fetch_index`, `cache-unwritable`; ResolutionError (`system-missing`)
        where Debian has nothing for the system.
        """
        return self.suites([(suite, system)])[0]

    def suites(self, wanted: Sequence[tuple[str, System]]) -> list[SuiteIndex]:
        """`suite` for several at once: what they need is downloaded side by side."""
        with self._lock:
            self.open(wanted)
            return [self._opened[each] for each in wanted]

    def sources(self, suite: str) -> SourceDatabase:
        """The source packages of `suite`. Raises FetchError as `suite` does."""
        with self._lock:
            self.open([(suite, None)])
            return self._opened_sources[suite]

    def open(self, wanted: Iterable[tuple[str, System | None]]) -> None:
        """Have what `suite` and (for None) `sources` will be asked for downloaded side by side. Raises as they do."""
        with self._lock:
            unopened = [each for each in dict.fromkeys(wanted) if not self._is_open(*each)]
            self._make([plan for suite, system in unopened if not self._open(plan := self._plan(suite, system))])

    def _is_open(self, suite: str, system: System | None) -> bool:
        return suite in self._opened_sources if system is None else (suite, system) in self._opened

    @property
    def _directory(self) -> Path:
        return cache_directory(self._client.settings.debian_indexes, self._client.keyring)

    @property
    def _archives(self) -> Mapping[str, DebianArchive]:
        return {archive.name: archive for archive in self._client.access.archives}

    def _read_releases(self, suite: str) -> tuple[PocketRelease, ...]:
        """The releases of the pockets of `suite` that lie in archives whose address is known."""
        with self._lock:
            if suite not in self._releases:
                archives = self._archives
                pockets = [pocket for pocket in require_pockets(suite) if pocket.archive in archives]
                reader = ReleaseReader(
                    self._client.settings.debian_indexes,
                    self._client.keyring,
                    ReleasePolicy(self._refresh, self._allow_older, self._client.access.max_valid_time),
                    self._clock,
                )
                tasks = [
                    partial(reader.read, pocket, archives[pocket.archive], self._client, self._report)
                    for pocket in pockets
                ]
                releases = tuple(run_parallel(tasks, PARALLEL_REQUESTS))
                self._require_no_way_back(releases)
                self._releases[suite] = releases
            return self._releases[suite]

    def _require_no_way_back(self, releases: Sequence[PocketRelease]) -> None:
        # Each pocket for itself: a mirror that sets the main one back is not hidden by new security updates.
        for kept in releases:
            if kept.pocket in self._oldest:
                known = datetime.strptime(self._oldest[kept.pocket], DATE_FORMAT).replace(tzinfo=UTC)
                require_no_way_back(kept.release, known, kept.pocket, kept.base)

    def _plan(self, suite: str, system: System | None) -> SuitePlan:
        if system is not None and system not in ARCHITECTURES:
            raise ResolutionError(
                f"`debian:{suite}` has nothing for {system}",
                hint=f"it is for {', '.join(map(str, ARCHITECTURES))}",
                slug="system-missing",
            )
        architecture = SOURCE if system is None else ARCHITECTURES[system]
        releases = self._read_releases(suite)
        parts = [SuitePart(self._archives[pocket.archive], kept) for pocket, kept in _pair(suite, releases)]
        return SuitePlan(
            suite, system, database_path(self._directory, suite, architecture), plan_files(parts, architecture)
        )

    def _make(self, plans: Sequence[SuitePlan]) -> None:
        """Make the files of `plans` and open them."""
        if not plans:
            return
        with contextlib.ExitStack() as stack:
            # In one order, so that no two processes wait for each other.
            for plan in sorted(plans, key=lambda plan: plan.path):
                stack.enter_context(lock_database(plan.path))
            # Another process may have been faster.
            missing = [plan for plan in plans if not self._open(plan)]
            for plan in missing:
                subject = "of sources" if plan.system is None else f"for {plan.system}"
                self._report(Step(f"reading the package index of debian:{plan.suite} {subject}"))
            for plan, indexes in zip(missing, self._fetch(missing), strict=True):
                make_database(plan, indexes)
                if not self._open(plan):
                    raise unwritable_error(plan.path, "what was written is not what is there")
        # What cannot be removed is in nobody's way.
        with contextlib.suppress(OSError):
            self._tidy({plan.suite for plan in missing})

    def _tidy(self, suites: Collection[str]) -> None:
        """Remove the files for `suites` that are of an older release than what was just made, and all unused ones."""
        for suite in sorted(suites):
            for system in (*ARCHITECTURES, None):
                if not self._is_open(suite, system):
                    self._drop_outdated(suite, system)
        clean_indexes(self._client.settings.debian_indexes)

    def _drop_outdated(self, suite: str, system: System | None) -> None:
        path = database_path(self._directory, suite, SOURCE if system is None else ARCHITECTURES[system])
        revision = find_revision(path)
        if revision is None:
            return
        try:
            current = self._plan(suite, system).revision
        except FetchError:
            # The release has nothing for that system any more.
            current = ""
        if revision != current:
            drop_database(path)

    def _open(self, plan: SuitePlan) -> bool:
        if plan.system is None:
            sources = SourceDatabase.open(plan.path, plan.revision)
            if sources is not None:
                self._opened_sources[plan.suite] = sources
            return sources is not None
        opened = SuiteIndex.open(plan.path, plan.revision)
        if opened is not None:
            self._opened[plan.suite, plan.system] = opened
        return opened is not None

    def _fetch(self, plans: Sequence[SuitePlan]) -> Iterator[list[FetchedIndex]]:
        archives = self._archives
        files = [file for plan in plans for file in plan.files]
        tasks = [partial(fetch_index, file, archives[file.archive], self._client.http, self._report) for file in files]
        fetched = iter(run_parallel(tasks, PARALLEL_REQUESTS))
        for plan in plans:
            yield [next(fetched) for _ in plan.files]


def _pair(suite: str, releases: Sequence[PocketRelease]) -> Iterator[tuple[Pocket, PocketRelease]]:
    by_name = {kept.pocket: kept for kept in releases}
    return ((pocket, by_name[pocket.name]) for pocket in require_pockets(suite) if pocket.name in by_name)


def _summarise(suite: str, releases: Sequence[PocketRelease]) -> SuiteRelease:
    dates = {kept.pocket: kept.release.date.strftime(DATE_FORMAT) for kept in releases}
    state = "".join(f"{kept.pocket} {kept.digest}\n" for kept in releases)
    return SuiteRelease(suite, dates, blake3_key(state.encode()))
