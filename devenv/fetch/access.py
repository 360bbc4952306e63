"""How this user reaches the registry `pypi:`: addresses, credentials, certificates. Values only, nothing is read here.

Made by `devenv.fetch.configuration`; used by `devenv.fetch.http` (credentials, certificates) and
`devenv.fetch.locators` (addresses).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from devenv.fetch.addresses import host_of, origin_of

Login = tuple[str, str]
"""A user name and a password."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the user is at which server. Shows nothing of what it holds."""

    by_origin: Mapping[str, Login] = field(default_factory=dict, repr=False)
    """From the userinfo of addresses."""
    by_host: Mapping[str, Login] = field(default_factory=dict, repr=False)
    """From the user's netrc file."""

    def authorization(self, address: str) -> str | None:
        """The `Authorization` header for a request to `address`; None where nothing is known about its server."""
        login = self.by_origin.get(origin_of(address)) or self.by_host.get(host_of(address))
        if login is None:
            return None
        return "Basic " + b64encode(":".join(login).encode()).decode()


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """Where `pypi:` lies for this user."""

    index: str
    """Address of the simple index; ends in a slash, holds no credentials."""
    source: str
    """What set the index address, for messages: a variable, a file."""
    files: tuple[str, ...] = ()
    """Addresses below which the registry's files lie, best first; each ends in a slash."""
    certificates: str | None = None
    """Path of the authorities' certificates to trust; None: those of the system."""
    credentials: Credentials = field(default_factory=Credentials)
