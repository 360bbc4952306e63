"""Debian's archives, opened when they are first needed: the way in for services.

As `devenv.fetch.registry` is for `pypi:`: nothing is read before the first request.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from devenv.events import Report, ignore
from devenv.fetch.debian.access import DebianAccess
from devenv.fetch.debian.configuration import find_debian_access
from devenv.fetch.debian.keyring import read_keyring
from devenv.fetch.debian.locators import candidate_addresses
from devenv.fetch.http import HttpClient, RetryPolicy
from devenv.settings import Settings


class DebianClient:
    """`debian:` as this user reaches it. To be used in a `with` statement; safe to use from several threads.

    `apt_root` is the root directory of the system whose apt and keys are asked; `access` replaces what the user
    configured, for callers that know better.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        apt_root: Path = Path("/"),
        access: DebianAccess | None = None,
        policy: RetryPolicy | None = None,
        report: Report = ignore,
    ) -> None:
        self.settings = settings
        self._environ = environ
        self._apt_root = apt_root
        self._policy = policy
        self._report = report
        self._lock = threading.RLock()
        self._access = access
        self._http: HttpClient | None = None
        self._keyring: bytes | None = None

    def __enter__(self) -> Self:
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
    def access(self) -> DebianAccess:
        """The user's access. Raises FetchError (`registry-unconfigured`)."""
        with self._lock:
            if self._access is None:
                self._access = find_debian_access(
                    self.settings, self._environ, apt_root=self._apt_root, report=self._report
                )
            return self._access

    @property
    def keyring(self) -> bytes:
        """The keys whose signatures count. Raises FetchError (`keyring-invalid`)."""
        with self._lock:
            if self._keyring is None:
                self._keyring = read_keyring(self.settings.debian.keyring, self._apt_root)
            return self._keyring

    @property
    def http(self) -> HttpClient:
        """The client to make requests with."""
        with self._lock:
            if self._http is None:
                self._http = HttpClient(self.access, self._policy)
            return self._http

    def candidates(self, locator: str, date: str | None = None) -> tuple[str, ...]:
        """The addresses at which `locator` may lie, best first; `date` is that of the input whose lock names it.

        The order: the archive's mirrors, then the archive of past states, if one is set and the date is known. Raises
        ValueError where it is no locator of `debian:`.
        """
        return candidate_addresses(locator, self.access, date)
