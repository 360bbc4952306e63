"""A workshop for tests that run scripts in a real sandbox; they skip where there cannot be one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fsck import check_store
from tests.homes import temporary_home
from tests.sandboxes import Unavailable, Workshop, open_workshop


@pytest.fixture(scope="session")
def shared_workshop() -> Iterator[Workshop]:
    """A store with a sysroot in it: made once, since a sysroot has many files."""
    with temporary_home() as home:
        try:
            workshop = open_workshop(home)
        except Unavailable as error:
            pytest.skip(str(error))
        with workshop.store:
            yield workshop


@pytest.fixture
def workshop(shared_workshop: Workshop) -> Iterator[Workshop]:
    """A user who builds; whatever the builds did, their store is sound afterwards, and nothing unfinished is there."""
    yield replace(shared_workshop, events=[])
    left = [each.name for each in shared_workshop.store.root.iterdir() if each.name.startswith(".")]
    assert left == []
    check_store(shared_workshop.settings, finished=False)


@pytest.fixture
def home(workshop: Workshop) -> Path:
    """The home directory of that user."""
    return workshop.home
