"""One piece of building in a process of its own: `python -m tests.bench.build_worker HOME WORK` prints its seconds."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from devenv.sandbox.find import find_bubblewrap
from devenv.sandbox.model import Limits, Mount, SandboxRequest
from devenv.sandbox.supervise import Supervision, run_sandboxed

ROUNDS = 30
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"
ROOT_LINKS = {name: f"usr/{name}" for name in ("bin", "lib", "lib64", "sbin")}


def sandbox_overhead(home: Path) -> float:
    """What a command takes longer in a sandbox, its log and its limits included, than run as it is."""
    program = find_bubblewrap(SEARCH_PATH)
    assert program is not None, "bubblewrap is missing"
    place = home / "sandbox"
    place.mkdir(exist_ok=True)
    request = SandboxRequest(
        command=("/bin/sh", "-c", ":"),
        sysroot=Path("/"),
        root={"usr": None, **ROOT_LINKS},
        mounts=(Mount(place, "/build", writable=True),),
        environment={"PATH": "/usr/bin"},
        directory="/build",
    )
    supervision = Supervision(program, Limits(), home / "log", lambda: None, lambda _: None)
    within, without = [], []
    for _ in range(ROUNDS):
        within.append(_seconds(lambda: run_sandboxed(request, supervision)))
        without.append(_seconds(lambda: subprocess.run(request.command, check=True)))
    return statistics.median(within) - statistics.median(without)


def evaluate_base(home: Path) -> float:
    """Read the recipes of `builtin:base` and ask each package what it is."""
    del home
    return _seconds(_evaluate)


def _evaluate() -> None:
    from devenv.packages.package_set import read_base_set

    packages = read_base_set()
    for name in packages.names():
        packages.package(name)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


WORKS: Mapping[str, Callable[[Path], float]] = {
    function.__name__: function for function in (sandbox_overhead, evaluate_base)
}

if __name__ == "__main__":
    print(repr(WORKS[sys.argv[2]](Path(sys.argv[1]))))  # noqa: T201 - its result
