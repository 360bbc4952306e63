"""What verbs work with, opened when it is first needed."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devenv.debian.suites import DEFAULT_SUITE
from devenv.errors import FetchError, HashMismatchError
from devenv.events import Detail, Report
from devenv.settings import Settings
from devenv.system import System, host_system
from devenv.workflow.lock_mode import LockMode

if TYPE_CHECKING:
    from devenv.build.build_one import Artifacts
    from devenv.build.realize import BuildOptions
    from devenv.environment.cutoff import DatedIndex
    from devenv.environment.derive import PackageSets
    from devenv.environment.lock_realizer import FetchLocked
    from devenv.fetch.debian.client import DebianClient
    from devenv.fetch.debian.index import DebianIndex
    from devenv.fetch.debian.suite_index import SuiteIndex
    from devenv.fetch.indexes import Indexes
    from devenv.fetch.places import ArtifactPlaces
    from devenv.fetch.registry import RegistryClient
    from devenv.fetch.stores import StoresClient
    from devenv.fetch.trees.archives import ArchivesClient
    from devenv.lock.model import Lock, PinnedArtifact
    from devenv.manifest.model import Manifest
    from devenv.packages.package_set import PackageSet
    from devenv.store.store import Store


class Tools:
    """Settings, environment variables, where to report, and what follows from them. A context manager."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], report: Report) -> None:
        self.settings = settings
        self.environ = environ
        self.report = report
        self.mode = LockMode.LOCKED
        """How the project's lock is held against its manifest."""
        self.refresh = False
        """Whether indexes are asked again even where their pages are fresh; set it before the first question."""
        self.oldest: Mapping[str, str] = {}
        """Suites of Debian with the dates of their states in the project's lock: there is no way back from them..."""
        self.allow_older = False
        """...unless this is set. Both before the first question too."""
        self.before: int | None = None
        """A time, in seconds since the epoch: what was released later is no answer. Before the first question too."""
        self.dated: dict[str | None, list[DatedIndex]] = {}
        """The indexes as they were (`devenv.workflow.dated`), by the age that a manifest asks for."""
        self.usual_suite = DEFAULT_SUITE
        """The suite that `debian:` alone means here; whoever knows the project sets it."""
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what was opened. A process that becomes another program does so before: it never comes back."""
        self._opened.close()

    @functools.cached_property
    def system(self) -> System:
        """This machine's system. Raises ActivationError."""
        return host_system()

    @functools.cached_property
    def store(self) -> Store:
        """The user's store. Raises StoreError."""
        from devenv.store.store import Store

        return self._opened.enter_context(Store(self.settings))

    @functools.cached_property
    def registry(self) -> RegistryClient:
        """The registry as the user reaches it."""
        from devenv.fetch.registry import RegistryClient

        return self._opened.enter_context(RegistryClient(self.settings, self.environ))

    @functools.cached_property
    def debian(self) -> DebianClient:
        """Debian's archive as the user reaches it."""
        from devenv.fetch.debian.client import DebianClient

        return self._opened.enter_context(DebianClient(self.settings, self.environ, report=self.report))

    @functools.cached_property
    def places(self) -> ArtifactPlaces:
        """Where pinned files may lie for this user."""
        from devenv.fetch.places import ArtifactPlaces

        return ArtifactPlaces(self.registry, self.debian, self.stores_client)

    @functools.cached_property
    def stores_client(self) -> StoresClient:
        """The user's artifact stores."""
        from devenv.fetch.stores import StoresClient

        return self._opened.enter_context(StoresClient(self.settings, self.environ))

    @functools.cached_property
    def archives(self) -> ArchivesClient:
        """Archives at addresses of their own."""
        from devenv.fetch.trees.archives import ArchivesClient

        return self._opened.enter_context(ArchivesClient(self.settings, self.environ))

    @functools.cached_property
    def debian_index(self) -> DebianIndex:
        """The suites of Debian."""
        from devenv.fetch.debian.index import DebianIndex

        index = DebianIndex(
            self._debian_then() or self.debian,
            refresh=self.refresh,
            oldest=self.oldest,
            allow_older=self.allow_older,
            report=self.report,
        )
        return self._opened.enter_context(index)

    def _debian_then(self) -> DebianClient | None:
        """Debian's archive as it was at the time that is asked for, where one is set that has it."""
        if self.before is None:
            return None
        from devenv.fetch.debian.past import open_past

        directory = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="devenv-past-")))
        try:
            client = open_past(self.debian, self.before, directory, self.environ, self.report)
        except FetchError:
            # Whoever asks for a suite is told that there is no archive.
            return None
        return None if client is None else self._opened.enter_context(client)

    def kept_suites(self, system: System) -> dict[str, SuiteIndex]:
        """What is kept of the suites of Debian, the oldest first, without asking anybody. Raises FetchError."""
        from devenv.fetch.debian.kept_suites import open_kept_suites

        kept = open_kept_suites(self.settings, system)
        return {suite: self._opened.enter_context(index) for suite, index in kept.items()}

    @functools.cached_property
    def index(self) -> Indexes:
        """What answers locking."""
        from devenv.fetch.index import PypiIndex
        from devenv.fetch.indexes import Indexes

        pypi = PypiIndex(self.registry, refresh=self.refresh)
        return Indexes(pypi, self.debian_index, self.debian, self.report)

    @functools.cached_property
    def base_set(self) -> PackageSet:
        """`builtin:base`."""
        from devenv.packages.package_set import read_base_set

        return read_base_set()

    @functools.cached_property
    def source_set(self) -> PackageSet:
        """`builtin:source`."""
        from devenv.packages.package_set import read_source_set

        return read_source_set()

    def package_sets(
        self,
        manifest: Manifest,
        project: Path | None = None,
        lock: Lock | None = None,
        *,
        realizing: bool = False,
        moving: Collection[str] = (),
    ) -> PackageSets:
        """The manifest's inputs, opened as they are needed.

        `project` is the directory that relative paths begin at. `lock` pins trees, and where it is `realizing` that is
        asked for, devenv's own sets too; it does not count for the inputs that are `moving`.
        """
        from devenv.workflow.input_sets import open_sets

        pins = {} if lock is None else {name: pin for name, pin in lock.inputs.items() if name not in moving}
        return open_sets(self, manifest, project or Path.cwd(), pins, realizing=realizing)

    @functools.cached_property
    def build_options(self) -> BuildOptions:
        """How builds are run on this machine."""
        from devenv.workflow.build_options import build_options

        return build_options(self.settings, self.environ, self.store.root)

    @contextlib.contextmanager
    def fetching(self, project: Path | None = None) -> Iterator[FetchLocked]:
        """Yields what brings locked artifacts here; what it brought can be read until the block ends.

        `project` is the one whose lock pins them: its history tells since when a wrong file is pinned.
        """
        with ExitStack() as opened:
            yield functools.partial(self._fetch_locked, opened, project)

    def _fetch_locked(self, opened: ExitStack, project: Path | None, pinned: Sequence[PinnedArtifact]) -> Artifacts:
        """Bring artifacts here, until `opened` ends. What lay in the cache is checked again: a disk forgets too.

        Raises FetchError, HashMismatchError.
        """
        from devenv.fetch.artifacts import ArtifactCache, verify_file
        from devenv.fetch.downloads import request_pinned

        cache = opened.enter_context(ArtifactCache(self.settings, self.places))
        requests = [request_pinned(each) for each in pinned]
        for request in requests:
            path = cache.find(request.sha256)
            if path is not None and not verify_file(path, request.sha256):
                self.report(Detail(f"`{request.name}` is damaged in the cache and will be fetched again"))
                cache.discard(request.sha256)
        try:
            return cache.fetch(requests, self.report)
        except HashMismatchError as error:
            if project is not None:
                from devenv.workflow.pinned_since import find_pinned_since

                since = find_pinned_since(self.settings, self.environ, project, error.sha256)
                error.details += () if since is None else (f"in the lock since: {since}",)
            raise
