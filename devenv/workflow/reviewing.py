"""What a review of locks takes from this machine: the plans of packages, and what the store has of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from devenv.debian.suites import DEBIAN, parse_suite
from devenv.derivation.model import MAIN_OUTPUT
from devenv.environment.needs import make_find_needs
from devenv.environment.project import read_project, require_project_path
from devenv.errors import DevenvError
from devenv.lock.model import Lock, LockedPackage
from devenv.lock.review import FindNeeds, know_nothing
from devenv.packages.end_of_life import Ends, read_ends
from devenv.store.database import Graph
from devenv.store.graph import closure_of, total_size
from devenv.store_path import StorePath
from devenv.system import System
from devenv.workflow.review_results import EndOfLife, InstalledChange
from devenv.workflow.tools import Tools

OWN = ("builtin:", DEBIAN)
"""What the locators of sets begin with that are here without asking anybody."""
SOON = timedelta(days=180)
"""How long before the end of something that is told."""


def know_needs(tools: Tools, start: Path, lock: Lock) -> FindNeeds:
    """What the packages of `lock` are made with, where the project at or above `start` may act: recipes are run."""
    from devenv.activation.trust import Trust
    from devenv.workflow.allowed import trust_in

    with contextlib.suppress(DevenvError):
        project = read_project(require_project_path(start))
        if trust_in(tools, project) is Trust.ALLOWED:
            manifest = project.manifest
            here = {name: each for name, each in manifest.inputs.items() if each.startswith(OWN)}
            sets = tools.package_sets(replace(manifest, inputs=here), project.path, lock)
            return make_find_needs(manifest, lock, sets)
    return know_nothing


def find_installed(tools: Tools, before: Lock | None, after: Lock) -> InstalledChange | None:
    """What all packages of each lock take in the store; None where it has all of neither. Makes no store."""
    with contextlib.suppress(DevenvError):
        if not tools.settings.base.is_dir():
            return None
        system = tools.system
        graph = tools.store.database.read_graph()
        sizes = [None if each is None else _installed_size(tools, each, system, graph) for each in (before, after)]
        if any(size is not None for size in sizes):
            return InstalledChange(system, *sizes)
    return None


def _installed_size(tools: Tools, lock: Lock, system: System, graph: Graph) -> int | None:
    paths = set(_iter_outputs(tools, lock, system, graph))
    known = {path for path in paths if path is not None}
    return None if not paths or None in paths else total_size(graph, closure_of(graph, known))


def _iter_outputs(tools: Tools, lock: Lock, system: System, known: Collection[StorePath]) -> Iterator[StorePath | None]:
    """The object of each package that was asked for; None for one that is not there. They bring what they need."""
    for package in lock.packages.values():
        build = package.systems.get(system)
        if build is None:
            continue
        path = build.output
        if path is None or path not in known:
            path = tools.store.find_realisation(build.derivation, MAIN_OUTPUT)
        yield path if path in known else None


def find_end_of_life(lock: Lock, today: date | None = None) -> tuple[EndOfLife, ...]:
    """What of `lock` is not looked after any more, or will not be soon; Debian looks after what is of its suites."""
    day = datetime.now(UTC).date() if today is None else today
    ends = read_ends()
    found = [*_iter_ends(lock, ends), *_iter_suite_ends(lock, ends, day)]
    return tuple(each for each in found if date.fromisoformat(each.date) - day <= SOON)


def _iter_ends(lock: Lock, ends: Ends) -> Iterator[EndOfLife]:
    for name, package in sorted({**lock.dependencies, **lock.packages}.items()):
        end = None if _is_debian(package) else ends.find(name, package.version)
        if end is not None:
            yield EndOfLife(name, package.version, end)


def _is_debian(package: LockedPackage) -> bool:
    """Whether all of it is made by Debian, and not only fetched from there to be built."""
    files = [file for build in package.systems.values() for file in build.artifacts]
    return bool(files) and all(file.filename.endswith(".deb") for file in files)


def _iter_suite_ends(lock: Lock, ends: Ends, today: date) -> Iterator[EndOfLife]:
    for each in lock.inputs.values():
        suite = parse_suite(each.locator)
        if suite is None or suite not in ends.security:
            continue
        by_team, last = ends.security[suite], ends.long_term[suite]
        if today <= date.fromisoformat(by_team):
            yield EndOfLife(each.locator, None, by_team)
        elif today <= date.fromisoformat(last):
            yield EndOfLife(each.locator, None, by_team, last)
        else:
            yield EndOfLife(each.locator, None, last)
