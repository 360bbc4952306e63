"""Debian's archives: the way in for services, as `devenv.fetch.registry` is for `pypi:`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devenv.events import Report, ignore
from devenv.fetch.client import Client
from devenv.fetch.debian.access import DebianAccess
from devenv.fetch.debian.configuration import find_debian_access
from devenv.fetch.debian.keyring import read_keyring
from devenv.fetch.debian.locators import candidate_addresses
from devenv.fetch.http import RetryPolicy
from devenv.settings import Settings


class DebianClient(Client[DebianAccess]):
    """`debian:` as this user reaches it.

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
        super().__init__(policy, access, offline=settings.offline)
        self.settings = settings
        self._environ = environ
        self._apt_root = apt_root
        self._report = report
        self._keyring: bytes | None = None

    def _find_access(self) -> DebianAccess:
        return find_debian_access(self.settings, self._environ, apt_root=self._apt_root, report=self._report)

    @property
    def keyring(self) -> bytes:
        """The keys whose signatures count. Raises FetchError (`keyring-invalid`)."""
        with self._lock:
            if self._keyring is None:
                self._keyring = read_keyring(self.settings.debian.keyring, self._apt_root)
            return self._keyring

    def candidates(self, locator: str, date: str | None = None) -> tuple[str, ...]:
        """The addresses at which `locator` may lie, best first; `date` is that of the input whose lock names it.

        The order: the archive's mirrors, then the archive of past states, if one is set and the date is known. Raises
        ValueError where it is no locator of `debian:`.
        """
        return candidate_addresses(locator, self.access, date)
