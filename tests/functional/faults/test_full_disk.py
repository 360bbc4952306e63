"""A real file system that gets full: a small one in memory, mounted in a namespace of the test's own."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.homes import temporary_home

REPOSITORY = Path(__file__).parents[3]
MOUNT = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'


def namespace() -> list[str]:
    """What a command line begins with whose mounts nobody else sees."""
    return ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]


def mounted(options: str, place: Path, *command: str) -> list[str]:
    """The command with a new file system in memory at `place`."""
    return [*namespace(), "sh", "-c", MOUNT, "sh", options, str(place), *command]


@functools.cache
def can_mount() -> bool:
    """Whether this system lets us."""
    if shutil.which("unshare") is None:
        return False
    with temporary_home() as place:
        return subprocess.run(mounted("size=1m", place, "true"), capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("task", "options"),
    [("space", "size=12m"), ("batch", "size=12m"), ("inodes", "size=12m,nr_inodes=400"), ("collect", "size=16m")],
)
def test_full_disk(task: str, options: str) -> None:
    """A full disk is said to be one, keeps what was added before, and a collection makes room (B-01, B-02, B-18)."""
    if not can_mount():
        pytest.skip("file systems cannot be mounted in a namespace here")
    with temporary_home() as place:
        command = [sys.executable, "-m", "tests.functional.faults.full_disk", task, str(place)]
        done = subprocess.run(
            mounted(options, place, *command), cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert os.listdir(place) == []
