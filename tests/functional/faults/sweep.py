"""Runs a scenario again and again, each time with a fault at another point, and checks what is left.

    python -m tests.functional.faults.sweep SCENARIO ACTION [LIMIT]
    python -m tests.functional.faults.sweep names                  the named points that are passed by any scenario
    python -m tests.functional.faults.sweep run SCENARIO HOME      its command once, with no points: for strace

The action is `kill`, `full` or `broken` (see `points`). Without a limit every point is taken; with one, about that
many: all at which a named point is passed first, and others at equal distances. After each fault: the invariants hold,
what lies outside of devenv's directories is untouched, the same command succeeds, its result is right, and after a
collection nothing unfinished remains. Standard output is JSON: how many points there are, how many were taken, and how
each run ended.

Each run is a forked child, so that hundreds take seconds. All start from copies of one home directory at one path: the
store's root is part of what lies in it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devenv.errors import DevenvError
from devenv.fsutil import delete_tree
from devenv.settings import default_settings
from tests.fsck import check_store, unchanged
from tests.functional.faults.build_scenarios import BUILD, can_build
from tests.functional.faults.points import ACTIONS, Action, Faults, install
from tests.functional.faults.scenario import Scenario, project_path
from tests.functional.faults.scenarios import SCENARIOS
from tests.functional.faults.store_scenarios import collect_nothing
from tests.homes import temporary_home
from tests.trees import SMALL, write_files

SUCCEEDED, FAILED_CLEANLY, CRASHED = 0, 3, 1
WORKERS = 2
WRITE = os.write
"""What a child answers with: not a point."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a child ended (negative: the signal), how many points it passed, and where it passed the named ones first."""

    status: int
    passed: int = 0
    names: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ground:
    """A home directory that can be made as it was: `home`, of which `template` is the copy."""

    home: Path
    template: Path

    @property
    def own(self) -> tuple[Path, ...]:
        """The directories in which devenv may change something."""
        settings = default_settings(self.home)
        return (settings.base, settings.state, settings.cache, project_path(self.home))

    def restore(self) -> None:
        """Put the home directory back to its beginning, hard links, modes and times included."""
        delete_tree(self.home)
        subprocess.run(["cp", "-a", self.template, self.home], check=True)


@contextmanager
def prepared(scenario: Scenario) -> Iterator[Ground]:
    """The ground of a scenario."""
    with temporary_home(in_memory=scenario.in_memory) as place:
        ground = Ground(place / "h", place / "template")
        for directory in ground.own:
            directory.parent.mkdir(parents=True, exist_ok=True)
        write_files({b"files": SMALL, b"empty": {}}, ground.home / "untouched")
        scenario.prepare(ground.home)
        shutil.move(ground.home, ground.template)
        yield ground


def run_child(ground: Ground, command: Callable[[Path], None], faults: Faults) -> Run:
    """Run the command in a process of its own, with these faults."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = CRASHED
        try:
            install(faults)
            status = _run_command(ground.home, command)
            WRITE(writer, json.dumps([faults.passed, faults.names]).encode())
        except BaseException:  # noqa: BLE001 - told by the traceback and the status
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader) as file:
        answer = file.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Run(status, *json.loads(answer)) if answer else Run(status)


def _run_command(home: Path, command: Callable[[Path], None]) -> int:
    """Anything but an error that says what and where goes through: a mistake."""
    try:
        command(home)
    except DevenvError:
        return FAILED_CLEANLY
    except OSError as error:
        # The command line says these in a sentence with the path (`devenv.cli.crash`).
        if error.errno in {errno.ENOSPC, errno.EIO} and os.path.isabs(error.filename or ""):
            return FAILED_CLEANLY
        raise
    return SUCCEEDED


def disturb(ground: Ground, scenario: Scenario, action: Action, number: int) -> int:
    """One fault and all that must hold after it. Returns how the disturbed run ended."""
    ground.restore()
    settings = default_settings(ground.home)
    with unchanged(ground.home, ground.own):
        status = run_child(ground, scenario.run, Faults(action, number)).status
        # Some things may fail without harm, a link that could have been shared say: but success must be one.
        expected = {-signal.SIGKILL} if action == "kill" else {FAILED_CLEANLY, SUCCEEDED}
        assert status in expected, f"the disturbed run ended with {status}"
        check_store(settings, finished=False)
        scenario.require_between(ground.home)
        if status == SUCCEEDED:
            scenario.require_done(ground.home)
        again = run_child(ground, scenario.run, Faults("kill")).status
        assert again == SUCCEEDED, f"I12: the same command ended with {again}"
        scenario.require_done(ground.home)
        require_tidy(ground)
    return status


def require_tidy(ground: Ground) -> None:
    """What is left once a collection, which need not find anything dead, has passed."""
    assert run_child(ground, collect_nothing, Faults("kill")).status == SUCCEEDED
    check_store(default_settings(ground.home), finished=True)


def choose(passed: int, names: Sequence[int], limit: int | None) -> list[int]:
    """The points to take: all, or the first of each name and `limit` others, evenly."""
    if limit is None or passed <= limit:
        return list(range(1, passed + 1))
    return sorted({*names, *(1 + place * passed // limit for place in range(limit))})


def sweep(name: str, action: Action, limit: int | None) -> dict[str, Any]:
    """Fault by fault, by two processes that share the points."""
    scenario = SCENARIOS[name]
    baseline = run_undisturbed(scenario, action)
    points = choose(baseline.passed, list(baseline.names.values()), limit)
    workers = [_start_worker(scenario, action, points[start::WORKERS]) for start in range(WORKERS)]
    ended: Counter[str] = Counter()
    for child, reader in workers:
        with open(reader) as file:
            ended.update(json.loads(file.read() or "{}"))
        assert os.waitpid(child, 0)[1] == 0, f"see above: {dict(ended)}"
    return {"points": baseline.passed, "taken": len(points), "ended": dict(ended)}


def run_undisturbed(scenario: Scenario, action: Action) -> Run:
    """A run that only counts the points of this kind."""
    with prepared(scenario) as ground:
        ground.restore()
        baseline = run_child(ground, scenario.run, Faults(action))
        assert baseline.status == SUCCEEDED, f"without a fault the command ended with {baseline.status}"
        scenario.require_done(ground.home)
        require_tidy(ground)
    return baseline


def list_names() -> list[str]:
    """The named points that are passed by any scenario."""
    return sorted(
        {
            name
            for key, scenario in SCENARIOS.items()
            if key != BUILD or can_build()
            for name in run_undisturbed(scenario, "kill").names
        }
    )


def _start_worker(scenario: Scenario, action: Action, points: Sequence[int]) -> tuple[int, int]:
    """A process that takes these points, and where it will answer how each ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    status = CRASHED
    try:
        ended = Counter(_take(scenario, action, points))
        WRITE(writer, json.dumps(ended).encode())
        status = CRASHED if ended["wrong"] else SUCCEEDED
    except BaseException:  # noqa: BLE001 - told by the traceback and the status
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _take(scenario: Scenario, action: Action, points: Sequence[int]) -> Iterator[str]:
    kinds = {-signal.SIGKILL: "killed", FAILED_CLEANLY: "failed", SUCCEEDED: "succeeded"}
    with prepared(scenario) as ground:
        for number in points:
            try:
                yield kinds[disturb(ground, scenario, action, number)]
            except Exception:  # noqa: BLE001 - the other points are told as well
                sys.stderr.write(f"{action} at point {number}:\n{traceback.format_exc()}\n")
                yield "wrong"


def main() -> None:
    """Sweep once, or name the points."""
    match sys.argv[1:]:
        case ["names"]:
            result: object = list_names()
        case ["run", name, home]:
            SCENARIOS[name].run(Path(home))
            return
        case [name, action, *limit] if action in ACTIONS:
            result = sweep(name, action, int(limit[0]) if limit else None)
        case _:
            sys.exit(__doc__)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
