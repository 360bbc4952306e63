"""A client for the loopback registry that does not wait between attempts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from devenv.fetch.artifacts import ArtifactCache
from devenv.fetch.debian.client import DebianClient
from devenv.fetch.http import RetryPolicy
from devenv.fetch.places import ArtifactPlaces
from devenv.fetch.registry import RegistryClient
from devenv.fetch.stores import StoresClient
from devenv.settings import Settings

AT_ONCE = RetryPolicy(first_delay=0.0)


@contextlib.contextmanager
def open_places(settings: Settings) -> Iterator[ArtifactPlaces]:
    """The places of artifacts as the next run of the program sees them, retrying at once."""
    with (
        RegistryClient(settings, os.environ, policy=AT_ONCE) as pypi,
        DebianClient(settings, os.environ, apt_root=settings.home, policy=AT_ONCE) as debian,
        StoresClient(settings, os.environ, policy=AT_ONCE) as stores,
    ):
        yield ArtifactPlaces(pypi, debian, stores)


@pytest.fixture
def client(settings: Settings) -> Iterator[RegistryClient]:
    """The registry as a user reaches it, retrying at once."""
    with RegistryClient(settings, os.environ, policy=AT_ONCE) as client:
        yield client


@pytest.fixture
def places(settings: Settings) -> Iterator[ArtifactPlaces]:
    """Where the user's artifacts may lie; this machine's apt is not read."""
    with open_places(settings) as places:
        yield places


@pytest.fixture
def artifacts(settings: Settings, places: ArtifactPlaces) -> Iterator[ArtifactCache]:
    """The user's artifact cache, empty."""
    with ArtifactCache(settings, places) as artifacts:
        yield artifacts
