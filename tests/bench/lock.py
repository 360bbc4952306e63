"""What locking fifteen packages costs in time and memory, with the indexes in the cache and no lock to begin with.

And what reading a lock costs, which is part of almost every command.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

from devenv.lock.format import format_lock
from devenv.lock.model import Lock
from devenv.lock.parse import parse_lock
from tests.bench.measure import measure_process
from tests.bench.report import Row
from tests.bench.workbench import Workbench

WHEELS = ("cmake", "deno", "go", "just", "ninja", "nodejs", "ripgrep", "ruff", "uv", "zig")
"""Among them those with the largest index pages."""
FROM_DEBIAN = ("git", "jq", "postgresql", "python", "redis")
ARTIFACTS = 2000
"""Of the lock that is read: what a project of a hundred packages pins."""


def measure_lock(bench: Workbench) -> Iterator[Row]:
    """Rows of time and of memory at the peak."""
    project = bench.user.home / "fifteen"
    project.mkdir()
    packages = sorted((*WHEELS, *FROM_DEBIAN))
    wanted = "".join(f'{name} = "*"\n' for name in packages)
    (project / "devenv.toml").write_text(f"[packages]\n{wanted}")
    costs = []
    for _ in range(bench.pairs + 1):
        (project / "devenv.lock").unlink(missing_ok=True)
        costs.append(measure_process([*bench.user.command, "lock"], project, bench.user.environ))
    what = f"lock {len(packages)} packages for 4 systems, indexes in the cache"
    # The first one fills the cache.
    seconds = statistics.median(cost.seconds for cost in costs[1:])
    memory = max(cost.memory for cost in costs[1:])
    yield Row(what, "ms", seconds * 1000, "under 1.5 s", runs=bench.pairs)
    yield Row("the same, memory at the peak", "MB", memory / 1e6, "under 150 MB", runs=bench.pairs)
    lock = _repeat(parse_lock((project / "devenv.lock").read_bytes(), "devenv.lock"))
    count = sum(1 for _ in lock.iter_artifacts())
    seconds = statistics.median(_time_parsing(format_lock(lock)) for _ in range(bench.pairs))
    yield Row(f"read a lock of {count} artifacts", "ms", seconds * 1000, "under 50 ms", runs=bench.pairs)


def _repeat(lock: Lock) -> Lock:
    """The lock with its packages so often, under other names, that it has at least `ARTIFACTS`."""
    each = sum(len(build.artifacts) for package in lock.packages.values() for build in package.systems.values())
    packages = {}
    for number in range(-(-ARTIFACTS // each)):
        for name, package in lock.packages.items():
            other = f"{name}-{number}"
            packages[other] = replace(package, name=other)
    return replace(lock, packages=packages)


def _time_parsing(content: bytes) -> float:
    started = time.perf_counter()
    parse_lock(content, "devenv.lock")
    return time.perf_counter() - started
