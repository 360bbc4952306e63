"""The front, run by every shell of this machine that may be somebody's `sh`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.front.front import Front, find_shells
from tests.homes import temporary_home


@pytest.fixture(params=find_shells())
def shell(request: pytest.FixtureRequest) -> str:
    """The path of a shell."""
    return find_shells()[request.param]


@pytest.fixture
def front(shell: str) -> Iterator[Front]:
    """The front of a user who has nothing yet."""
    with temporary_home() as home:
        yield Front(home, shell)


@pytest.fixture
def api(front: Front) -> Path:
    """A project that is allowed."""
    project = front.project()
    front.activate(project, variables={"INSIDE": "api"})
    return project
