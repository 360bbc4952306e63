"""All indexes that locking asks, behind one object: wheels of `pypi:`, suites of `debian:`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from devenv.errors import FetchError
from devenv.events import Notice, Report
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.index import DebianIndex, SuiteRelease
from devenv.fetch.debian.source_database import SourceDatabase
from devenv.fetch.debian.suite_index import SuiteIndex
from devenv.fetch.index import PypiIndex
from devenv.packages.wheels import WheelFile
from devenv.system import System


class Indexes:
    """What the user's registries say. Remembers every answer for the length of a run."""

    def __init__(self, pypi: PypiIndex, debian: DebianIndex, client: DebianClient, report: Report) -> None:
        self._pypi = pypi
        self._debian = debian
        self._client = client
        self._report = report
        self._has_suites: bool | None = None

    def wheels(self, project: str) -> Sequence[WheelFile]:
        """The wheels of a project. Raises FetchError."""
        return self._pypi.wheels(project)

    def wheels_of(self, projects: Iterable[str]) -> Mapping[str, Sequence[WheelFile]]:
        """The wheels of each project, asked for at once. Raises FetchError."""
        return self._pypi.wheels_of(projects)

    def sizes_of(self, files: Iterable[WheelFile]) -> Mapping[str, int]:
        """The sizes in bytes by SHA-256. Raises FetchError."""
        return self._pypi.sizes_of(files)

    def has_suites(self) -> bool:
        """Whether a Debian archive is configured; where none is, says once what that means."""
        if self._has_suites is None:
            try:
                self._has_suites = bool(self._client.access.main.bases)
            except FetchError as error:
                # Who turned the archive off in the settings need not be told.
                if self._client.settings.debian.mirrors is None:
                    self._report(Notice(f"programs from wheels will run on the host's libraries: {error.message}"))
                self._has_suites = False
        return self._has_suites

    def open_suites(self, wanted: Collection[tuple[str, System | None]]) -> None:
        """Have what `suite` and (for None) `sources` will be asked for brought here side by side. Raises FetchError."""
        self._debian.open(list(wanted))

    def sources(self, suite: str) -> SourceDatabase:
        """The source packages of a Debian suite. Raises FetchError."""
        return self._debian.sources(suite)

    def suite(self, suite: str, system: System) -> SuiteIndex:
        """The packages of a Debian suite. Raises FetchError."""
        return self._debian.suite(suite, system)

    def release(self, suite: str) -> SuiteRelease:
        """The state of the suite that `suite` answers from. Raises FetchError."""
        return self._debian.release(suite)
