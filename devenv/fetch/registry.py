"""The user's registry, opened when it is first needed: the way in for services.

Ties together what the user configured (`configuration`), what earlier runs learned about where files lie
(`page_cache`), and the HTTP client. Nothing is read before the first request, so a run that finds everything in its
caches does not even look at pip's configuration.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType

from devenv.fetch.access import RegistryAccess
from devenv.fetch.configuration import find_pypi_access
from devenv.fetch.http import HttpClient, RetryPolicy
from devenv.fetch.locators import candidate_addresses
from devenv.fetch.page_cache import PageCache
from devenv.fetch.sizes import SizeMemory
from devenv.settings import Settings


class RegistryClient:
    """`pypi:` as this user reaches it. To be used in a `with` statement; safe to use from several threads.

    `access` replaces what the user configured, for callers that know better.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        access: RegistryAccess | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._policy = policy
        self._lock = threading.RLock()
        self._access = access
        self._http: HttpClient | None = None
        self._pages: PageCache | None = None
        self.sizes = SizeMemory(settings.pypi_pages / "sizes")
        """Sizes of files that were asked for."""

    def __enter__(self) -> RegistryClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections; the client may be used again."""
        with self._lock:
            if self._http is not None:
                self._http.close()

    @property
    def access(self) -> RegistryAccess:
        """The user's access. Raises FetchError (`registry-unconfigured`)."""
        with self._lock:
            if self._access is None:
                self._access = find_pypi_access(self._settings, self._environ)
            return self._access

    @property
    def http(self) -> HttpClient:
        """The client to make requests with."""
        with self._lock:
            if self._http is None:
                self._http = HttpClient(self.access, self._policy)
            return self._http

    @property
    def pages(self) -> PageCache:
        """What is kept of the pages of the index."""
        with self._lock:
            if self._pages is None:
                self._pages = PageCache(self._settings.pypi_pages, self.access.index)
            return self._pages

    def candidates(self, locator: str) -> tuple[str, ...]:
        """The addresses at which `locator` may lie, best first.

        The order: the user's setting, where the index said it keeps files when it was last read, pip's file host for
        pip's default index, places beside the index. Raises ValueError where it is no locator.
        """
        access = self.access
        own = 1 if self._settings.pypi.files is not None else 0
        files = (*access.files[:own], *self.pages.read_bases(), *access.files[own:])
        return candidate_addresses(locator, replace(access, files=files))
