"""What `devenv run` costs where everything is there, against `direnv exec`. For information: no aim is set."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.workbench import Workbench, require_peer


def measure_run(bench: Workbench) -> Iterator[Row]:
    """One row: a program that does nothing, process start included."""
    user, envrc = bench.user, bench.direnv_project()
    ours = [*user.command, "run", "--", "true"]
    theirs = [require_peer("direnv"), "exec", str(envrc), "true"]
    pairs = measure_pairs(
        lambda: measure_process(ours, bench.project, user.environ).seconds,
        lambda: measure_process(theirs, envrc, user.environ).seconds,
        bench.pairs,
    )
    yield compare("run `true` in the environment", Pairs(pairs), "direnv exec", "")
