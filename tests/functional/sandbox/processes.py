"""Starts drivers, and looks at what becomes of the processes that they start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devenv.derivation.model import Derivation
from tests.functional.sandbox.driver import derive_all
from tests.sandboxes import Workshop

REPOSITORY = Path(__file__).parents[3]
SECONDS = 30

Scripts = list[tuple[str, str, list[str]]]


def living(mark: str) -> list[int]:
    """The processes of this machine that have a word among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


def wait_until(condition: Callable[[], object]) -> None:
    """Until it holds; fails where it never does."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


class Driver:
    """A process that builds scripts in the store of a workshop."""

    def __init__(self, workshop: Workshop, scripts: Scripts, place: Path, *before: str, **options: Any) -> None:
        self.target: Derivation = derive_all(workshop.store, scripts)[-1]
        (place / "scripts").write_text(json.dumps(scripts))
        self.process = subprocess.Popen(
            [
                *before,
                *(sys.executable, "-m", "tests.functional.sandbox.driver"),
                *map(str, (workshop.home, workshop.bubblewrap, place / "scripts")),
            ],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
        )

    def end(self, seconds: int = SECONDS) -> tuple[int, str]:
        """Its exit status, and all that it said."""
        output, errors = self.process.communicate(timeout=seconds)
        assert "Traceback" not in (errors or ""), errors
        return self.process.returncode, output

    def result(self) -> Any:
        """What it printed."""
        _, output = self.end()
        return json.loads(output)


@contextmanager
def driving(workshop: Workshop, scripts: Scripts, place: Path, *before: str, **options: Any) -> Iterator[Driver]:
    """A driver that does not outlive the block."""
    driver = Driver(workshop, scripts, place, *before, **options)
    try:
        yield driver
    finally:
        driver.process.kill()
        driver.process.wait()
        for stream in (driver.process.stdout, driver.process.stderr):
            if stream is not None:
                stream.close()


def sandbox_of(driver: Driver) -> tuple[int, int]:
    """The numbers of bubblewrap's two processes: the one that waits outside, and the first one inside."""
    number = driver.process.pid
    found: list[list[int]] = []

    def look() -> bool:
        found[:] = [children_of(number)]
        return bool(found[0]) and bool(children_of(found[0][0]))

    wait_until(look)
    return found[0][0], children_of(found[0][0])[0]


def children_of(number: int) -> list[int]:
    """The children of all threads of a process."""
    found: list[int] = []
    for thread in os.listdir(f"/proc/{number}/task"):
        found += map(int, Path(f"/proc/{number}/task/{thread}/children").read_text().split())
    return found
