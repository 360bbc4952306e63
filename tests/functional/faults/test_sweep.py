"""Faults at every point of what devenv does durably: killed, disk full, disk broken.

Of scenarios with many points an even sample is taken, always the same; `DEVENV_ALL_POINTS=1` takes all of them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.faults.build_scenarios import BUILD, can_build
from tests.functional.faults.points import ACTIONS
from tests.functional.faults.scenarios import SCENARIOS

REPOSITORY = Path(__file__).parents[3]
POINTS = 120
"""How many points of a scenario are taken besides the first passing of each named one."""
TIME_LIMIT = 1200
"""Seconds of one sweep, of all points and on a busy machine."""

Record = Callable[[str, object], None]


def run_sweep(*arguments: str) -> Any:
    """What a sweep says."""
    command = [sys.executable, "-m", "tests.functional.faults.sweep", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_fault_at_every_point(name: str, action: str, record_property: Record) -> None:
    """Old or new, then the same command works: A-03, A-04, A-05, A-06, A-07, A-08, A-09, A-10, A-13, B-01, B-03."""
    if name == BUILD and not can_build():
        pytest.skip("no sandbox can be made here")
    limit = [] if os.environ.get("DEVENV_ALL_POINTS") else [str(POINTS if SCENARIOS[name].in_memory else POINTS // 3)]
    result = run_sweep(name, action, *limit)
    for key in ("points", "taken", "ended"):
        record_property(key, result[key])
    sys.stdout.write(f"{name}, {action}: {result['taken']} of {result['points']} points: {result['ended']}\n")
    assert result["taken"] >= 10
    assert result["ended"]["killed" if action == "kill" else "failed"] > result["taken"] // 2


def test_every_named_point_is_passed() -> None:
    """No fault point is dead: each that the source names is passed by some scenario, and so disturbed."""
    named: set[str] = set()
    for path in sorted((REPOSITORY / "devenv").rglob("*.py")):
        named.update(re.findall(r'fault_point\("([^"]+)"\)', path.read_text()))
    assert named
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+", name) for name in named)
    if not can_build():
        named = {name for name in named if not name.startswith("script.")}
    assert set(run_sweep("names")) == named
