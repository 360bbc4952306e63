"""Projects on disks that are not there, with a real mount."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.homes import temporary_home

REPOSITORY = Path(__file__).parents[3]
NAMESPACES = (["unshare", "-m"], ["unshare", "-rm"])
"""Of root, and of an ordinary user where the system allows that."""


def find_namespace() -> list[str] | None:
    """How to run a program with mounts of its own; None: not here."""
    for command in NAMESPACES:
        try:
            probe = subprocess.run(
                [*command, "mount", "-t", "tmpfs", "probe", "/mnt"], capture_output=True, check=False
            )
        except OSError:
            return None
        if probe.returncode == 0:
            return command
    return None


def test_unmounted_is_not_deleted() -> None:
    """D-07: a project on a disk that is not mounted is not taken for deleted; on a mounted one that lacks it, it is."""
    namespace = find_namespace()
    if namespace is None:
        pytest.skip("nothing may be mounted here: `unshare -m` is missing or not permitted")
    with temporary_home() as home:
        command = [*namespace, sys.executable, "-m", "tests.functional.generations.mounting", str(home)]
        run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, text=True)
    assert run.stdout.splitlines() == ["present", "unmounted", "present", "gone", "as it was"], run.stderr
