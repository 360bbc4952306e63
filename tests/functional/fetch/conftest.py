"""A client for the loopback registry that does not wait between attempts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from devenv.fetch.artifacts import ArtifactCache
from devenv.fetch.http import RetryPolicy
from devenv.fetch.registry import RegistryClient
from devenv.settings import Settings


@pytest.fixture
def client(settings: Settings) -> Iterator[RegistryClient]:
    """The registry as a user reaches it, retrying at once."""
    with RegistryClient(settings, os.environ, policy=RetryPolicy(first_delay=0.0)) as client:
        yield client


@pytest.fixture
def artifacts(settings: Settings, client: RegistryClient) -> Iterator[ArtifactCache]:
    """The user's artifact cache, empty."""
    with ArtifactCache(settings, client) as artifacts:
        yield artifacts
