"""What tests with real shells share. Types for annotations: `from tests.shells.workspace import Bash, Workspace`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shells.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty home directory; shells started in it see nothing of the developer's own."""
    home = tmp_path.resolve() / "home"
    home.mkdir()
    return Workspace(home)
