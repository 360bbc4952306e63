"""What tests with real shells share. Types for annotations: `Shell` of `drivers`, `Workspace` of `workspace`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shells.drivers import Shell
from tests.shells.workspace import KINDS, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty home directory; shells started in it see nothing of the developer's own."""
    home = tmp_path.resolve() / "home"
    home.mkdir()
    return Workspace(home)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Every shell that can be activated, one after the other: for `workspace.shell(kind, …)`."""
    return str(request.param)


@pytest.fixture
def shell(workspace: Workspace, kind: str) -> Iterator[Shell]:
    """One of each kind with the hook and nothing else, at its prompt in the home directory."""
    with workspace.shell(kind) as shell:
        yield shell
