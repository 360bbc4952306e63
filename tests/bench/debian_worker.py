"""One piece of devenv's work with Debian's packages in a process of its own.

`python -m tests.bench.debian_worker HOME RESULT WORK [ARGUMENT…]` leaves in the file RESULT how many seconds the work
itself took. HOME is the home directory whose store and caches are used. The process from its start to its end is timed
by who starts it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from devenv.build.realize import realize
from devenv.debian.closure import find_closure
from devenv.debian.policy import read_policy
from devenv.environment.lock_derivations import LockDerivations
from devenv.environment.project import read_project
from devenv.events import DownloadFinished, Event, Report, ignore
from devenv.fetch.debian.index import DebianIndex
from devenv.fetch.debian.suite_index import SuiteIndex
from devenv.settings import read_settings
from devenv.system import System
from devenv.workflow.tools import Tools

SUITE, SYSTEM = "bookworm", System.X86_64_LINUX
"""Whose index is measured."""


def main() -> None:
    """Do what the command line says."""
    home, result, work, *arguments = sys.argv[1:]
    Path(result).write_text(repr(WORKS[work](Path(home), *arguments)))


def build_packages(home: Path, directory: str) -> float:
    """Build the packages of a project, whose files are in the artifact cache, until they are in the store.

    Checking the files, evaluating the lock and opening the store are part of it.
    """
    started = time.perf_counter()
    with _open_tools(home) as tools, tools.fetching() as fetch:
        project = read_project(Path(directory))
        lock = project.require_lock()
        derivations = LockDerivations(tools.package_sets(project.manifest), project.manifest, lock, tools.system)
        pinned = {each.artifact.sha256: each for each in lock.iter_pinned({tools.system})}
        targets = [derivations.package(name, None) for name in sorted(lock.packages)]
        realize(tools.store, targets, lambda digests: fetch([pinned[digest] for digest in digests]), ignore)
    return time.perf_counter() - started


def fetch_files(home: Path, directory: str) -> float:
    """Bring the files of a project's packages into the artifact cache."""
    started = time.perf_counter()
    lock = read_project(Path(directory)).require_lock()
    with _open_tools(home) as tools, tools.fetching() as fetch:
        fetch(list(lock.iter_pinned({tools.system})))
    return time.perf_counter() - started


def make_index(home: Path) -> float:
    """Download the package indexes of a suite and make them ready; the time is that after the last download."""
    arrivals: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, DownloadFinished):
            arrivals.append(time.perf_counter())

    with _open_tools(home, note) as tools:
        tools.debian_index.suite(SUITE, SYSTEM)
        return time.perf_counter() - arrivals[-1]


def find_closures(home: Path, package: str) -> float:
    """Find a package's closure in an index that was made before; the time is that of opening and asking it again."""
    with _open_tools(home) as tools:
        _closure_size(tools.debian_index.suite(SUITE, SYSTEM), package)
        started = time.perf_counter()
        with DebianIndex(tools.debian) as index:
            _closure_size(index.suite(SUITE, SYSTEM), package)
            return time.perf_counter() - started


def _closure_size(index: SuiteIndex, package: str) -> int:
    return len(find_closure(index, [package], read_policy()))


def _open_tools(home: Path, report: Report = ignore) -> Tools:
    return Tools(read_settings(home), os.environ, report)


WORKS: Mapping[str, Callable[..., float]] = {
    function.__name__: function for function in (build_packages, fetch_files, make_index, find_closures)
}

if __name__ == "__main__":
    main()
