"""What realizing costs: a package's wheel in the cache, nothing in the store, until its programs can be run.

Against Python's own way to unpack that file, which neither checks, hashes, normalises, syncs nor registers anything.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from devenv.fsutil import delete_tree
from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.workbench import PACKAGE, VERSION, Workbench


def measure_realize(bench: Workbench) -> Iterator[Row]:
    """One row. Both begin with the start of a process; what they make is deleted between runs, and is not timed."""
    user, unpacked = bench.user, bench.user.home / "unpacked"
    wheel = bench.wheel

    def realize() -> float:
        delete_tree(user.settings.base)
        return measure_process([*user.command, "allow"], bench.project, user.environ).seconds

    def unzip() -> float:
        delete_tree(unpacked)
        command = [sys.executable, "-m", "zipfile", "-e", str(wheel), str(unpacked)]
        return measure_process(command, user.home, user.environ).seconds

    pairs = Pairs(measure_pairs(realize, unzip, bench.pairs))
    yield compare(f"realize {PACKAGE} {VERSION}, file in the cache", pairs, "python -m zipfile -e", "at most 1.5")
