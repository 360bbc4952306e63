"""Asks for newer answers: `update` takes them into the lock, `outdated` only looks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from devenv.debian.suites import parse_suite
from devenv.environment.answers import Moving
from devenv.environment.needs import make_find_needs
from devenv.environment.project import Project
from devenv.errors import UsageError
from devenv.events import Notice, Step
from devenv.lock.compare import review_locks
from devenv.lock.format import format_lock
from devenv.lock.model import RUNTIME_NAME, Lock, LockedEnvironment, LockedPackage
from devenv.lock.review import Move, PackageChange, Review, Table
from devenv.manifest.model import Manifest
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.packages.package import WheelSource
from devenv.packages.wheels import parse_version
from devenv.resolve.offers import Offers
from devenv.workflow.edit import make_lock, remember_releases
from devenv.workflow.relocking import relocking
from devenv.workflow.review_results import Held, UpdateResult
from devenv.workflow.reviewing import find_end_of_life, find_installed
from devenv.workflow.tools import Tools


def update_project(tools: Tools, start: Path, names: Sequence[str], *, dry_run: bool = False) -> UpdateResult:
    """Answer anew what is named, packages or inputs with all that is from them; without names everything.

    Nothing goes back to an older version, unless `tools.allow_older`. With `dry_run` nothing is written. A project
    that was allowed stays allowed. Raises UsageError (`target-unknown`), EvaluationError, FetchError.
    """
    with relocking(tools, start) as relocked:
        project = relocked.project
        tools.report(Step(f"locking {project.path}"))
        lock, held = find_update(tools, project, names)
        if not dry_run:
            relocked.write(lock)
    return UpdateResult(
        project.path,
        format_lock(lock) != project.lock_bytes,
        dry_run,
        review_project(tools, project, lock),
        find_installed(tools, project.lock, lock),
        held,
        find_end_of_life(lock),
    )


def review_project(tools: Tools, project: Project, lock: Lock) -> Review:
    """What `lock` changes in the project, whose recipes its making has run already."""
    find_needs = make_find_needs(project.manifest, lock, tools.package_sets(project.manifest, project.path, lock))
    return review_locks(project.lock, lock, find_needs)


def find_update(tools: Tools, project: Project, names: Sequence[str]) -> tuple[Lock, tuple[Held, ...]]:
    """The lock with what is named answered anew, and what stays since its answer would be an older one."""
    remember_releases(tools, project)
    moving = _leave_suites(tools, project, _find_moving(project, names))
    lock = make_lock(tools, project, moving=moving)
    back = {} if tools.allow_older else {(each.table, each.name): each for each in _iter_back(project.lock, lock)}
    if not back:
        return lock, ()
    lock = make_lock(tools, project, moving=_without(moving, back))
    # What could not stay went back all the same.
    gone = {(each.table, each.name) for each in _iter_back(project.lock, lock)}
    return lock, tuple(
        Held(each.name, each.before or "", each.after or "", _is_withdrawn(tools, project, each))
        for key, each in back.items()
        if key not in gone
    )


def _leave_suites(tools: Tools, project: Project, moving: Moving) -> Moving:
    """What moves without what is from a suite of which nobody knows what it had at the time of `--before`."""
    lock = project.lock
    if tools.before is None or lock is None or not tools.index.has_suites():
        return moving
    from devenv.environment.cutoff import find_cutoffs

    (cutoff,) = find_cutoffs(Manifest(), tools.before, 0)
    late = set()
    for each in lock.inputs.values():
        suite = parse_suite(each.locator)
        if suite is not None and not cutoff.is_before(tools.index.release(suite)):
            late.add(each.name)
            tools.report(Notice(f"what is from `{each.locator}` stays: nothing says what it had before {cutoff.day}"))

    def leaves(package: LockedPackage | None) -> bool:
        return package is not None and bool(_inputs_of(package) & late)

    return Moving(
        frozenset(name for name in moving.packages if not leaves(lock.packages.get(name))),
        frozenset(name for name in moving.dependencies if not leaves(lock.dependencies.get(name))),
        moving.runtime and not leaves(lock.runtime),
        moving.inputs,
    )


def _iter_back(before: Lock | None, after: Lock) -> Iterator[PackageChange]:
    """What went back although it is asked for as before: a manifest may ask for something older."""
    changes = review_locks(before, after).packages
    return (each for each in changes if each.move is Move.OLDER and each.requests[0] == each.requests[1])


def _is_withdrawn(tools: Tools, project: Project, change: PackageChange) -> bool:
    """Whether the version that was locked is one that an index of wheels lists as withdrawn."""
    locked = None if project.lock is None else project.lock.packages.get(change.name)
    if locked is None or change.table is not Table.PACKAGE or change.environment is not None:
        return False
    if not project.manifest.inputs.get(locked.input, "").startswith("builtin:"):
        return False
    sets = tools.package_sets(project.manifest, project.path, project.lock)
    package = sets[locked.input].package(change.name)
    wheels = tuple(source for source in package.sources if isinstance(source, WheelSource))
    offers = Offers(replace(package, sources=wheels), tools.index)
    return parse_version(locked.version) in offers.yanked


def _without(moving: Moving, back: Collection[tuple[Table, str]]) -> Moving:
    return Moving(
        frozenset(name for name in moving.packages if (Table.PACKAGE, name) not in back),
        frozenset(name for name in moving.dependencies if (Table.DEPENDENCY, name) not in back),
        moving.runtime and (Table.RUNTIME, RUNTIME_NAME) not in back,
        moving.inputs,
    )


def _find_moving(project: Project, names: Sequence[str]) -> Moving:
    manifest, lock = project.manifest, project.lock
    packages = {*manifest.packages, *(name for each in manifest.environments.values() for name in each.packages)}
    if lock is None:
        # Everything is answered for the first time; a name must be one all the same.
        _require_known(names, {*packages, *manifest.inputs})
        return Moving()
    parts: list[Lock | LockedEnvironment] = [lock, *lock.environments.values()]
    packages.update(name for part in parts for name in part.packages)
    dependencies = {name for part in parts for name in part.dependencies}
    runtimes = [part.runtime for part in parts if part.runtime is not None]
    inputs = {*lock.inputs, *manifest.inputs}
    _require_known(names, {*inputs, *packages, *dependencies, *(each.name for each in runtimes)})

    def moves(name: str, locked: Iterable[LockedPackage | None]) -> bool:
        named = not names or name in names
        return named or any(each is not None and _inputs_of(each) & {*names} for each in locked)

    return Moving(
        frozenset(name for name in packages if moves(name, [part.packages.get(name) for part in parts])),
        frozenset(name for name in dependencies if moves(name, [part.dependencies.get(name) for part in parts])),
        bool(runtimes) and moves(RUNTIME_NAME, runtimes),
        frozenset(name for name in inputs if not names or name in names),
    )


def _inputs_of(package: LockedPackage) -> set[str]:
    """The inputs that answered: the set with its recipe, and the indexes with its files."""
    return {package.input, *(each.index for each in package.systems.values() if each.index is not None)}


def _require_known(names: Sequence[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            meant = find_closest(name, sorted(known))
            raise UsageError(
                f"the project has no package and no input `{format_shown(name)}`",
                hint=f"did you mean `{meant}`?" if meant else f"it has {format_names(known)}" if known else "add one",
                slug="target-unknown",
            )
