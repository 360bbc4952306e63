"""Archives at addresses that a manifest names: the one kind of file that no registry lists.

Who asks for an archive that is pinned already gets just that, from its address or from the user's artifact stores;
otherwise what the address has now. Credentials come from `~/.netrc` only (FAULTS H-10).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from devenv.errors import FetchError, HashMismatchError
from devenv.fetch.access import Credentials
from devenv.fetch.addresses import show_address
from devenv.fetch.client import Client
from devenv.fetch.configuration import CERTIFICATE_VARIABLES, read_netrc
from devenv.fetch.http import HttpClient, HttpRequest, RetryPolicy
from devenv.fetch.stores import StoresClient
from devenv.settings import Settings

ARCHIVE_LIMIT = 4 << 30
"""Bytes of an archive; sources of compilers have a thirtieth."""


@dataclass(frozen=True, slots=True)
class ArchivesAccess:
    """What requests to any server need."""

    certificates: str | None = None
    credentials: Credentials = field(default_factory=Credentials)
    proxies: Mapping[str, str | None] = field(default_factory=dict, repr=False)


class ArchivesClient(Client[ArchivesAccess]):
    """Archives as this user reaches them."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], *, policy: RetryPolicy | None = None) -> None:
        super().__init__(policy, offline=settings.offline)
        self._settings = settings
        self._environ = environ

    def _find_access(self) -> ArchivesAccess:
        return ArchivesAccess(
            next((value for name in CERTIFICATE_VARIABLES if (value := self._environ.get(name, ""))), None),
            Credentials(by_host=read_netrc(self._settings.home, self._environ)),
        )

    def fetch(self, address: str, file: BinaryIO, *, sha256: str | None, stores: StoresClient) -> str:
        """Write the archive into `file`; returns its SHA-256, which is the one that is asked for, if one is.

        Raises HashMismatchError where the address has another one (FAULTS H-01, H-02), else FetchError.
        """
        places = [(address, self.http)]
        places += [] if sha256 is None else [(each, stores.http) for each in stores.candidates(sha256)]
        failures: list[FetchError] = []
        for place, http in places:
            try:
                found = http.retried(lambda place=place, http=http: _receive(place, http, file))  # type: ignore[misc]
            except FetchError as error:
                failures.append(error)
                continue
            if sha256 is None or found == sha256:
                return found
            failures.append(_mismatch(place, sha256, found))
        # Another content says more than a server that does not answer.
        raise next((each for each in failures if isinstance(each, HashMismatchError)), failures[0])


def _receive(address: str, http: HttpClient, file: BinaryIO) -> str:
    file.seek(0)
    file.truncate()
    hasher = hashlib.sha256()
    size = 0
    with http.stream(HttpRequest("GET", address, {}, frozenset({200}))) as stream:
        for chunk in stream.chunks:
            size += len(chunk)
            if size > ARCHIVE_LIMIT:
                raise FetchError(
                    f"the archive at `{show_address(address)}` is larger than {ARCHIVE_LIMIT} bytes",
                    hint="look at the address",
                    slug="fetch-too-large",
                )
            hasher.update(chunk)
            file.write(chunk)
    file.flush()
    return hasher.hexdigest()


def _mismatch(address: str, expected: str, got: str) -> HashMismatchError:
    return HashMismatchError(
        f"the archive at `{show_address(address)}` is not the one that is pinned",
        details=(f"expected: sha256 {expected}", f"got: sha256 {got}"),
        hint="do not use it before you know why it changed; `devenv update` pins what is there now",
        slug="hash-mismatch",
    )
