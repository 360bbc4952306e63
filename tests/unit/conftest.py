"""What unit tests share: a home directory short enough for a store, and the store in it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from devenv.settings import Settings, default_settings
from devenv.store.store import Store
from tests.homes import temporary_home


@pytest.fixture
def settings() -> Iterator[Settings]:
    """The settings of a user with an empty home directory."""
    with temporary_home() as home:
        yield default_settings(home)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An empty store."""
    with Store(settings) as store:
        yield store


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C is heard, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
