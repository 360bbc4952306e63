"""What verbs work with, opened when it is first needed."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from devenv.events import Detail, Report
from devenv.settings import Settings
from devenv.system import System, host_system

if TYPE_CHECKING:
    from devenv.build.realize import Artifacts
    from devenv.environment.derive import PackageSets
    from devenv.environment.realize import FetchLocked
    from devenv.fetch.index import PypiIndex
    from devenv.fetch.registry import RegistryClient
    from devenv.lock.model import LockedArtifact
    from devenv.manifest.model import Manifest
    from devenv.packages.package_set import PackageSet
    from devenv.store.store import Store


class Tools:
    """Settings, environment variables, where to report, and what follows from them. A context manager."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], report: Report) -> None:
        self.settings = settings
        self.environ = environ
        self.report = report
        self.refresh = False
        """Whether indexes are asked again even where their pages are fresh; set it before the first question."""
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
    def index(self) -> PypiIndex:
        """What answers locking."""
        from devenv.fetch.index import PypiIndex

        return PypiIndex(self.registry, refresh=self.refresh)

    @functools.cached_property
    def base_set(self) -> PackageSet:
        """`builtin:base`."""
        from devenv.packages.package_set import read_base_set

        return read_base_set()

    def package_sets(self, manifest: Manifest) -> PackageSets:
        """The manifest's inputs, opened. Its parser lets only `builtin:base` through."""
        return dict.fromkeys(manifest.inputs, self.base_set)

    @contextlib.contextmanager
    def fetching(self) -> Iterator[FetchLocked]:
        """Yields what brings locked artifacts here; what it brought can be read until the block ends."""
        with ExitStack() as opened:
            yield functools.partial(self._fetch_locked, opened)

    def _fetch_locked(self, opened: ExitStack, artifacts: Sequence[LockedArtifact]) -> Artifacts:
        """Bring artifacts here, until `opened` ends. What lay in the cache is checked again: a disk forgets too.

        Raises FetchError, HashMismatchError.
        """
        from devenv.fetch.artifacts import ArtifactCache, verify_file
        from devenv.fetch.downloads import ArtifactRequest

        cache = opened.enter_context(ArtifactCache(self.settings, self.registry))
        for artifact in artifacts:
            path = cache.find(artifact.sha256)
            if path is not None and not verify_file(path, artifact.sha256):
                self.report(Detail(f"`{artifact.filename}` is damaged in the cache and will be fetched again"))
                cache.discard(artifact.sha256)
        requests = [ArtifactRequest(each.locator, each.sha256, each.size, each.filename) for each in artifacts]
        return cache.fetch(requests, self.report)
