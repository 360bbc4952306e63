"""The user's registry `pypi:`: the way in for services.

Ties together what the user configured (`configuration`), what earlier runs learned about where files lie
(`page_cache`), and the HTTP client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devenv.fetch.access import RegistryAccess
from devenv.fetch.client import Client
from devenv.fetch.configuration import find_pypi_access
from devenv.fetch.http import RetryPolicy
from devenv.fetch.locators import candidate_addresses
from devenv.fetch.page_cache import PageCache
from devenv.fetch.sizes import SizeMemory
from devenv.settings import Settings


class RegistryClient(Client[RegistryAccess]):
    """`pypi:` as this user reaches it.

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
        super().__init__(policy, access, offline=settings.offline)
        self._settings = settings
        self._environ = environ
        self._pages: PageCache | None = None
        self.sizes = SizeMemory(settings.pypi_pages / "sizes")
        """Sizes of files that were asked for."""

    def _find_access(self) -> RegistryAccess:
        return find_pypi_access(self._settings, self._environ)

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
