"""Where pinned files may lie: which client asks which address, in order.

First the file's own registry (its mirrors, then what it has set for past states), then the artifact stores, which know
files of all registries and help where a registry is not configured at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from devenv.debian.suites import DEBIAN
from devenv.errors import FetchError
from devenv.fetch.addresses import origin_of
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.downloads import ArtifactRequest
from devenv.fetch.http import HttpClient
from devenv.fetch.registry import RegistryClient
from devenv.fetch.stores import StoresClient


@dataclass(frozen=True, slots=True)
class Place:
    """An address, and the client that knows how to reach it."""

    address: str
    http: HttpClient


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The places at which a file may lie, best first; none where it leads out of every server there is.

    `obstacle` is why its registry is not among them (`registry-unconfigured`), where the stores are all that is left.
    """

    places: tuple[Place, ...]
    obstacle: FetchError | None = None


class ArtifactPlaces:
    """The places of artifacts, over all registries and stores of a user."""

    def __init__(self, pypi: RegistryClient, debian: DebianClient, stores: StoresClient) -> None:
        self._pypi = pypi
        self._debian = debian
        self._stores = stores
        self._unconfigured: dict[str, FetchError] = {}
        """What was found out about registries by their prefixes, so that one look at the configuration is enough."""
        self._failing: set[str] = set()
        """Servers that did not answer."""

    def avoid(self, place: Place) -> None:
        """From now on, ask the server of `place` last: one that is down costs seconds for each file."""
        self._failing.add(origin_of(place.address))

    def find(self, request: ArtifactRequest) -> Whereabouts:
        """Where the file may lie.

        Raises ValueError where its locator is none, FetchError (`registry-unconfigured`) where that leaves no place,
        UsageError (`settings-invalid`).
        """
        stored = tuple(Place(address, self._stores.http) for address in self._stores.candidates(request.sha256))
        prefix = request.locator.partition(":")[0]
        if prefix not in self._unconfigured:
            try:
                return Whereabouts(self._put_failing_last((*self._find_registered(request), *stored)))
            except FetchError as error:
                self._unconfigured[prefix] = error
        if not stored:
            raise self._unconfigured[prefix]
        return Whereabouts(self._put_failing_last(stored), self._unconfigured[prefix])

    def _put_failing_last(self, places: Iterable[Place]) -> tuple[Place, ...]:
        return tuple(sorted(places, key=lambda place: origin_of(place.address) in self._failing))

    def _find_registered(self, request: ArtifactRequest) -> tuple[Place, ...]:
        if request.locator.startswith(DEBIAN):
            addresses, http = self._debian.candidates(request.locator, request.date), self._debian.http
        else:
            addresses, http = self._pypi.candidates(request.locator), self._pypi.http
        return tuple(Place(address, http) for address in addresses)
