"""A store root with a runtime in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.build.script.world import World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    """Nothing but a runtime."""
    with new_world() as world:
        yield world
