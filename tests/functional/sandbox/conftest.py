"""A workshop for tests that run scripts in a real sandbox; they skip where there cannot be one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fsck import check_store
from tests.homes import temporary_home
from tests.sandboxes import Unavailable, Workshop, open_workshop


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home directory with a short path."""
    with temporary_home() as home:
        yield home


@pytest.fixture
def workshop(home: Path) -> Iterator[Workshop]:
    """A user who builds; whatever the builds did, their store is sound afterwards, and nothing unfinished is there."""
    try:
        workshop = open_workshop(home)
    except Unavailable as error:
        pytest.skip(str(error))
    with workshop.store:
        yield workshop
        left = [each.name for each in workshop.store.root.iterdir() if each.name.startswith(".")]
        assert left == []
    check_store(workshop.settings, finished=False)
