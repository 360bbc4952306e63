"""A home directory with a short path, and processes that work in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.store.concurrent.processes import Workers
from tests.homes import temporary_home


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home directory."""
    with temporary_home(in_memory=True) as home:
        yield home


@pytest.fixture
def workers(home: Path, tmp_path: Path) -> Iterator[Workers]:
    """Starts processes; those that still run at the end of the test are ended."""
    with Workers(home, tmp_path) as workers:
        yield workers
