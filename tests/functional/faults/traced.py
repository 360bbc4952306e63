"""Runs the command of a scenario under strace: to see in what order it asks the system, and to kill it at a call."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
CALLS = (
    "fdatasync,fsync,syncfs,ftruncate,link,linkat,mkdir,mkdirat,pwrite64,rename,renameat,renameat2,rmdir,"
    "symlink,symlinkat,unlink,unlinkat,write,fchmod,utimensat"
)
"""The calls that change a disk or synchronise it."""
LINE = re.compile(r"[0-9]+ +([a-z0-9]+)\((.*)\) += [0-9].*")
"""What strace writes of a call that succeeded."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that succeeded: its name, and its arguments as strace shows them, paths of descriptors included."""

    name: str
    arguments: str


def command(name: str, home: Path) -> list[str]:
    """The command of a scenario as a process. Without writing bytecode it makes the same calls each time."""
    return [sys.executable, "-B", "-m", "tests.functional.faults.sweep", "run", name, str(home)]


def run_traced(name: str, home: Path, *options: str) -> tuple[int, list[Call]]:
    """Run it; returns the status (negative: the signal) and its calls in their order."""
    with tempfile.NamedTemporaryFile("r", errors="replace") as log:
        line = ["strace", "-f", "-y", "-s", "16", "-o", log.name, "-e", f"trace={CALLS}", *options]
        done = subprocess.run(
            [*line, *command(name, home)], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120
        )
        found = [LINE.fullmatch(text.rstrip("\n")) for text in log]
    return done.returncode, [Call(match[1], match[2]) for match in found if match is not None]


@functools.cache
def can_trace() -> bool:
    """Whether strace is here and may be used."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "true"], capture_output=True, check=False).returncode == 0
