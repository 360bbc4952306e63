"""The user's artifact stores: places that keep files by their hash alone, whatever registry they came from.

A store is a directory (`devenv.fetch.mirror` makes one), on this machine or behind a web server, with the layout of the
artifact cache: `sha256/ab/abcd…`. It outlives what registries delete, and needs none to be configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devenv.errors import Place, UsageError
from devenv.fetch.access import Credentials, Login
from devenv.fetch.artifact_limit import relative_path
from devenv.fetch.client import Client
from devenv.fetch.configuration import CERTIFICATE_VARIABLES, read_netrc
from devenv.fetch.http import RetryPolicy
from devenv.fetch.locators import parse_own_base
from devenv.settings import Settings, settings_path


@dataclass(frozen=True, slots=True)
class StoresAccess:
    """Where the artifact stores lie for this user."""

    bases: tuple[str, ...] = ()
    """Addresses, best first; each ends in a slash, holds no credentials."""
    certificates: str | None = None
    credentials: Credentials = field(default_factory=Credentials)
    proxies: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    """None named: those of the environment."""


def find_stores_access(settings: Settings, environ: Mapping[str, str]) -> StoresAccess:
    """The user's access to artifact stores. Raises UsageError (`settings-invalid`) where one is no address."""
    logins: dict[str, Login] = {}
    return StoresAccess(
        tuple(_parse_store(text, logins, settings) for text in settings.artifact_stores),
        next((value for name in CERTIFICATE_VARIABLES if (value := environ.get(name, ""))), None),
        Credentials(logins, read_netrc(settings.home, environ)),
    )


def _parse_store(text: str, logins: dict[str, Login], settings: Settings) -> str:
    try:
        return parse_own_base(text.strip(), logins)
    except ValueError as error:
        raise UsageError(
            f"an address in `artifact_stores` cannot be used: {error}",
            place=Place(str(settings_path(settings.home))),
            hint="write `https://store.example/devenv/`, or an absolute path",
            slug="settings-invalid",
        ) from None


class StoresClient(Client[StoresAccess]):
    """The artifact stores as this user reaches them."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], *, policy: RetryPolicy | None = None) -> None:
        super().__init__(policy, offline=settings.offline)
        self._settings = settings
        self._environ = environ

    def _find_access(self) -> StoresAccess:
        return find_stores_access(self._settings, self._environ)

    def candidates(self, sha256: str) -> tuple[str, ...]:
        """The addresses at which the file with that hash may lie, best first."""
        return tuple(base + relative_path(sha256) for base in self.access.bases)
