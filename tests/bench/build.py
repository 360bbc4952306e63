"""What building costs: 300 trivial builds in sandboxes against Nix without one, the same again, one sandbox, recipes.

Nix's own sandbox needs root or other users, and is switched off: both run `echo … > $out` in a shell, ours with a root
of its own, a network and processes of its own, limits and a log. What is built carries the time in it, so that nothing
is known; the system that builds run in is there before.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Pairs, measure_pairs, measure_process
from tests.bench.report import Row, compare
from tests.bench.stores import Stores
from tests.bench.workbench import Workbench

COUNT = 300
NIX_OPTIONS = ("--option", "sandbox", "false", "--option", "max-jobs", "auto", "--no-out-link")
PROJECT = Path(__file__).parents[2]


def measure_build(bench: Workbench) -> Iterator[Row]:
    """Rows of many builds, of none, of one, and of the evaluation of recipes."""
    many = _Many(bench)
    timings = measure_pairs(many.build, many.build_with_nix, bench.pairs)
    yield compare(f"{COUNT} trivial builds, each in a sandbox", Pairs(timings), "nix-build, no sandbox", "at most 0.6")
    timings = measure_pairs(many.build_again, many.build_with_nix_again, bench.pairs)
    yield compare(f"the same {COUNT} again: nothing to do", Pairs(timings), "nix-build", "under 150 ms")
    for what, work, aim in (
        ("what a sandbox adds to one command", "sandbox_overhead", "under 15 ms"),
        ("evaluate the whole of `builtin:base`", "evaluate_base", "under 200 ms"),
    ):
        seconds = statistics.median(_worker(bench, work) for _ in range(bench.pairs))
        yield Row(what, "ms", seconds * 1000, aim, runs=bench.pairs)


class _Many:
    """A project with many builds, and the same as an expression of Nix."""

    def __init__(self, bench: Workbench) -> None:
        self._user = bench.user
        self._project = bench.user.home / "many"
        self._project.mkdir()
        self._numbers = itertools.count()
        self._stores = Stores(bench.user.home, bench.user.environ, bench.pairs)
        self._nix = self._stores.make_place()
        self._write_manifest()
        self._user.call("lock", directory=self._project)

    def _write_manifest(self) -> None:
        mark = f"{time.time()} {next(self._numbers)}"
        builds = "".join(
            f'[build.n{number}]\nsource = false\nphases = {{ install = "echo {mark} {number} > $out" }}\n'
            for number in range(COUNT)
        )
        (self._project / "devenv.toml").write_text(f"[packages]\n{builds}")

    def build(self) -> float:
        self._write_manifest()
        self._user.call("allow", directory=self._project)
        return self.build_again()

    def build_again(self) -> float:
        command = [*self._user.command, "build", "--no-link", "--quiet"]
        return measure_process(command, self._project, self._user.environ).seconds

    def build_with_nix(self) -> float:
        mark = f"{time.time()} {next(self._numbers)}"
        (self._nix / "many.nix").write_text(
            f"""builtins.genList (number: derivation {{
                name = "n${{toString number}}"; system = builtins.currentSystem; builder = "/bin/sh";
                args = [ "-c" "echo {mark} ${{toString number}} > $out" ];
            }}) {COUNT}"""
        )
        return self.build_with_nix_again()

    def build_with_nix_again(self) -> float:
        return self._stores.nix("nix-build", self._nix / "many.nix", *NIX_OPTIONS)(self._nix).process.seconds


def _worker(bench: Workbench, work: str) -> float:
    """The seconds that a piece of work takes in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.build_worker", str(bench.user.home), work]
    environ = {**bench.user.environ, "PYTHONPATH": str(PROJECT)}
    return float(subprocess.run(command, check=True, cwd=PROJECT, env=environ, capture_output=True, text=True).stdout)
