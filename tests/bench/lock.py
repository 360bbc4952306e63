"""What locking ten packages costs in time and memory, with the index pages in the cache and no lock to begin with."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from tests.bench.measure import measure_process
from tests.bench.report import Row
from tests.bench.workbench import Workbench

PACKAGES = ("cmake", "deno", "go", "just", "ninja", "nodejs", "ripgrep", "ruff", "uv", "zig")
"""Among them those with the largest index pages."""


def measure_lock(bench: Workbench) -> Iterator[Row]:
    """Rows of time and of memory at the peak."""
    project = bench.user.home / "ten"
    project.mkdir()
    wanted = "".join(f'{name} = "*"\n' for name in PACKAGES)
    (project / "devenv.toml").write_text(f"[packages]\n{wanted}")
    costs = []
    for _ in range(bench.pairs + 1):
        (project / "devenv.lock").unlink(missing_ok=True)
        costs.append(measure_process([*bench.user.command, "lock"], project, bench.user.environ))
    what = f"lock {len(PACKAGES)} packages, index pages in the cache"
    # The first one fills the cache.
    seconds = statistics.median(cost.seconds for cost in costs[1:])
    memory = max(cost.memory for cost in costs[1:])
    yield Row(what, "ms", seconds * 1000, "under 1 s", runs=bench.pairs)
    yield Row("the same, memory at the peak", "MB", memory / 1e6, "under 150 MB", runs=bench.pairs)
