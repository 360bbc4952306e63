"""Asks for newer answers: `update` takes them into the lock, `outdated` only looks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from devenv.activation.trust import Trust
from devenv.environment.answers import Moving
from devenv.environment.needs import make_find_needs
from devenv.environment.project import Project, read_project, require_project_path, write_project
from devenv.errors import UsageError
from devenv.events import Step
from devenv.generations.generations import project_locked
from devenv.lock.format import format_lock
from devenv.lock.model import RUNTIME_NAME, Lock, LockedPackage
from devenv.lock.review import Move, PackageChange, Review, Table, review_locks
from devenv.manifest.model import usual_suite
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.workflow.allowed import record_allowed, trust_in
from devenv.workflow.edit import make_lock
from devenv.workflow.review_results import Held, UpdateResult
from devenv.workflow.reviewing import find_end_of_life, find_installed
from devenv.workflow.tools import Tools


def update_project(tools: Tools, start: Path, names: Sequence[str], *, dry_run: bool = False) -> UpdateResult:
    """Answer anew what is named, packages or inputs with all that is from them; without names everything.

    Nothing goes back to an older version, unless `tools.allow_older`. With `dry_run` nothing is written. A project
    that was allowed stays allowed. Raises UsageError (`target-unknown`), EvaluationError, FetchError.
    """
    path = require_project_path(start)
    with project_locked(tools.settings, path):
        project = read_project(path)
        tools.usual_suite = usual_suite(project.manifest.inputs)
        was_allowed = trust_in(tools, project) is Trust.ALLOWED
        tools.report(Step(f"locking {path}"))
        lock, held = find_update(tools, project, names)
        updated = replace(project, lock_bytes=format_lock(lock))
        if not dry_run:
            written = write_project(project, updated)
            if was_allowed:
                record_allowed(tools.settings, written)
    return UpdateResult(
        path,
        updated.lock_bytes != project.lock_bytes,
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
    moving = _find_moving(project, names)
    lock = make_lock(tools, project, moving=moving)
    back = {} if tools.allow_older else {(each.table, each.name): each for each in _iter_back(project.lock, lock)}
    if not back:
        return lock, ()
    lock = make_lock(tools, project, moving=_without(moving, back))
    # What could not stay, since the manifest asks for something else now, went back all the same.
    stayed = back.keys() - {(each.table, each.name) for each in _iter_back(project.lock, lock)}
    return lock, tuple(
        Held(each.name, each.before or "", each.after or "") for key, each in back.items() if key in stayed
    )


def _iter_back(before: Lock | None, after: Lock) -> Iterator[PackageChange]:
    return (each for each in review_locks(before, after).packages if each.move is Move.OLDER)


def _without(moving: Moving, back: Collection[tuple[Table, str]]) -> Moving:
    return Moving(
        frozenset(name for name in moving.packages if (Table.PACKAGE, name) not in back),
        frozenset(name for name in moving.dependencies if (Table.DEPENDENCY, name) not in back),
        moving.runtime and (Table.RUNTIME, RUNTIME_NAME) not in back,
        moving.inputs,
    )


def _find_moving(project: Project, names: Sequence[str]) -> Moving:
    lock = project.lock
    if lock is None:
        # Everything is answered for the first time; a name must be one all the same.
        _require_known(names, {*project.manifest.packages, *project.manifest.inputs})
        return Moving()
    inputs = {*lock.inputs, *project.manifest.inputs}
    packages = {*lock.packages, *project.manifest.packages}
    runtime = () if lock.runtime is None else (RUNTIME_NAME,)
    _require_known(names, {*inputs, *packages, *lock.dependencies, *runtime})

    def moves(name: str, package: LockedPackage | None) -> bool:
        return not names or name in names or (package is not None and bool(_inputs_of(package) & {*names}))

    return Moving(
        frozenset(name for name in packages if moves(name, lock.packages.get(name))),
        frozenset(name for name, each in lock.dependencies.items() if moves(name, each)),
        lock.runtime is not None and moves(RUNTIME_NAME, lock.runtime),
        frozenset(name for name in project.manifest.inputs if not names or name in names),
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
