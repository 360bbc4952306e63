"""How this user reaches a registry: addresses, credentials, certificates. Values only, nothing is read here.

`RegistryAccess` is for `pypi:`, made by `devenv.fetch.configuration` and used by `devenv.fetch.locators` (addresses);
what `debian:` needs besides is in `devenv.fetch.debian.access`. `devenv.fetch.http` works with what both have.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from devenv.fetch.addresses import host_of, origin_of

Login = tuple[str, str]
"""A user name and a password."""


class Authorizer(Protocol):
    """Knows who the user is at which server."""

    def authorization(self, address: str) -> str | None:
        """The `Authorization` header for a request to `address`; None where nothing is known about its server."""


class ServerAccess(Protocol):
    """What requests to the servers of a registry need besides an address."""

    @property
    def credentials(self) -> Authorizer:
        """Who the user is at which server."""

    @property
    def certificates(self) -> str | None:
        """Path of the authorities' certificates to trust; None: those of the system."""

    @property
    def proxies(self) -> Mapping[str, str | None]:
        """Proxies by `http://`, `https://`, each with a host behind it or without; None: no proxy. Not named: as the
        environment says.
        """


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
        return format_login(login) if login is not None else None


def format_login(login: Login) -> str:
    """The `Authorization` header that carries `login`."""
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
    proxies: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    """None named: those of the environment."""
