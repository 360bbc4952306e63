"""Faults at every point of a realization: killed, disk full, disk broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("action", ["kill", "full", "broken"])
def test_fault_at_every_point(action: str, record_property: Callable[[str, object], None]) -> None:
    """A fault anywhere leaves the old state or the new one, and the next run succeeds (A-03 to A-06, B-01, B-03)."""
    command = [sys.executable, "-m", "tests.functional.store.sweep", action]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    points = int(done.stdout)
    record_property("points", points)
    sys.stdout.write(f"{points} points\n")
    assert points > 50
