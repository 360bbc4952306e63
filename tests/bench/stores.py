"""Runs work on stores: devenv's by `store_worker`, Nix's by its own commands, each in directories of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Cost, Pairs, measure_pairs, measure_process
from tests.bench.workbench import require_peer

PROJECT = Path(__file__).parents[2]
NIX_CONFIGURATION = """\
build-users-group =
experimental-features = nix-command
substituters =
"""
NIX_DIRECTORIES = ("STORE", "STATE", "LOG", "LOCALSTATE", "DATA")


@dataclass(frozen=True, slots=True)
class Timing:
    """What a process cost, and the seconds of its work without its start: of a peer's process the same."""

    process: Cost
    work: float


Timings = Sequence[tuple[Timing, Timing]]
"""Ours and theirs."""
Places = Sequence[Path]
"""The directories of stores, one for each measurement."""


@dataclass(frozen=True, slots=True)
class Series:
    """The same work on one store after the other."""

    run: Callable[[Path], Timing]
    places: Places


@dataclass(slots=True)
class Stores:
    """Where stores lie, and how many pairs are measured."""

    directory: Path
    environ: Mapping[str, str]
    pairs: int
    _made: int = 0

    def make_place(self) -> Path:
        """The directory of a store that is not there yet."""
        self._made += 1
        place = self.directory / str(self._made)
        place.mkdir()
        (place / "nix.conf").write_text(NIX_CONFIGURATION)
        return place

    def make_places(self) -> Places:
        """As many as a comparison takes."""
        return [self.make_place() for _ in range(self.pairs + 1)]

    def same_place(self, place: Path) -> Places:
        """The same one each time."""
        return [place] * (self.pairs + 1)

    def devenv(self, *work: object) -> Callable[[Path], Timing]:
        """Some work of `store_worker`."""

        def run(place: Path) -> Timing:
            result = self.directory / "seconds"
            command = [sys.executable, "-m", "tests.bench.store_worker", str(place), str(result), *map(str, work)]
            cost = measure_process(command, PROJECT, {**self.environ, "PYTHONPATH": str(PROJECT)})
            return Timing(cost, float(result.read_text()))

        return run

    def nix(self, name: str, *arguments: object) -> Callable[[Path], Timing]:
        """A command of Nix."""

        def run(place: Path) -> Timing:
            command = [require_peer(name), *map(str, arguments)]
            cost = measure_process(command, place, self._nix_environ(place))
            return Timing(cost, cost.seconds)

        return run

    def load_nix(self, place: Path, registrations: str) -> None:
        """Register objects, there or not, in Nix's database."""
        command = [require_peer("nix-store"), "--load-db"]
        subprocess.run(command, input=registrations, text=True, check=True, cwd=place, env=self._nix_environ(place))

    def _nix_environ(self, place: Path) -> Mapping[str, str]:
        """Nothing outside of `place` is touched or asked."""
        variables = {f"NIX_{name}_DIR": str(place / name.lower()) for name in NIX_DIRECTORIES}
        return {**self.environ, **variables, "NIX_CONF_DIR": str(place), "HOME": str(place)}

    def compare(self, ours: Series, theirs: Series) -> Timings:
        """Measure both in turn."""
        our_places, their_places = iter(ours.places), iter(theirs.places)
        return measure_pairs(
            lambda: ours.run(next(our_places)), lambda: theirs.run(next(their_places)), count=self.pairs
        )


def work_of(timings: Timings) -> Pairs:
    """Seconds of the work."""
    return Pairs(tuple((ours.work, theirs.work) for ours, theirs in timings))


def whole_of(timings: Timings) -> Pairs:
    """Seconds of the processes from start to end."""
    return Pairs(tuple((ours.process.seconds, theirs.process.seconds) for ours, theirs in timings))
