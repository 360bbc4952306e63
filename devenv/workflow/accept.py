"""Pins other files on purpose in the place of those that were replaced: `devenv lock --accept`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from devenv.activation.trust import Trust
from devenv.environment.answers import Moving
from devenv.environment.project import Project, read_project, require_project_path, write_project
from devenv.errors import FetchError, UsageError
from devenv.events import Step
from devenv.generations.generations import project_locked
from devenv.lock.format import format_lock
from devenv.lock.model import RUNTIME_NAME, Lock, LockedArtifact, LockedPackage
from devenv.manifest.model import usual_suite
from devenv.manifest.wording import format_names, format_shown
from devenv.system import System
from devenv.workflow.allowed import record_allowed, trust_in
from devenv.workflow.edit import find_lacking, make_lock, package_versions
from devenv.workflow.results import LockResult, ReplacedFile
from devenv.workflow.tools import Tools


def accept_files(tools: Tools, start: Path, names: Sequence[str]) -> LockResult:
    """Pin the files that the indexes name now for the packages `names`, in the versions that are locked.

    Dependencies, and the runtime by its name, are locked anew: nobody asked for a version of these. A project that was
    allowed stays allowed. Raises UsageError (`package-absent`), FetchError (`hash-unchanged`), and as locking does.
    """
    path = require_project_path(start)
    with project_locked(tools.settings, path):
        project = read_project(path)
        before = project.require_lock()
        _require_there(project, names)
        tools.usual_suite = usual_suite(project.manifest.inputs)
        was_allowed = trust_in(tools, project) is Trust.ALLOWED
        tools.report(Step(f"locking {path}"))
        lock = _make_lock(tools, project, frozenset(names))
        replaced = tuple(iter_replaced(before, lock, names))
        if not replaced:
            raise _nothing_replaced(names)
        written = write_project(project, replace(project, lock_bytes=format_lock(lock)))
        if was_allowed:
            record_allowed(tools.settings, written)
    return LockResult(path, True, package_versions(lock), lock.systems, find_lacking(lock), replaced)


def _require_there(project: Project, names: Sequence[str]) -> None:
    known = _packages(project.require_lock())
    for name in names:
        if name not in known:
            raise UsageError(
                f"the lock has no package `{format_shown(name)}`",
                hint="`devenv status` lists those that it has",
                slug="package-absent",
            )


def _packages(lock: Lock) -> Mapping[str, LockedPackage]:
    """All that is locked, by what the error about a wrong file calls it."""
    runtime = {} if lock.runtime is None else {RUNTIME_NAME: lock.runtime}
    return {**runtime, **lock.dependencies, **lock.packages}


def _make_lock(tools: Tools, project: Project, names: frozenset[str]) -> Lock:
    """The lock with other files for these packages."""
    before, manifest = project.require_lock(), project.manifest
    accepted = names & before.packages.keys() & manifest.packages.keys()
    exact = {
        name: replace(each, version=before.packages[name].version) if name in accepted else each
        for name, each in manifest.packages.items()
    }
    moving = Moving(
        accepted,
        names & before.dependencies.keys(),
        RUNTIME_NAME in names and RUNTIME_NAME not in before.packages,
    )
    asked = make_lock(tools, project, replace(manifest, packages=exact), moving)
    packages = {
        name: replace(each, request=manifest.packages[name].version) if name in accepted else each
        for name, each in asked.packages.items()
    }
    return replace(asked, packages=packages)


def iter_replaced(before: Lock, after: Lock, names: Sequence[str]) -> Iterator[ReplacedFile]:
    """The files of the packages in `names` that the new lock pins with another hash, does not pin, or pins newly."""
    for name in names:
        old, new = _packages(before)[name], _packages(after).get(name)
        for system in sorted(old.systems):
            files = [_files(each, system) for each in (old, new)]
            for filename in sorted(files[0].keys() | files[1].keys()):
                known, now = (each.get(filename) for each in files)
                if known != now and new is not None:
                    yield ReplacedFile(name, filename, known, now)


def _files(package: LockedPackage | None, system: System) -> dict[str, str]:
    """The hashes of a package's files, by their names."""
    build = None if package is None else package.systems.get(system)
    artifacts: tuple[LockedArtifact, ...] = () if build is None else build.artifacts
    return {each.filename: each.sha256 for each in artifacts}


def _nothing_replaced(names: Sequence[str]) -> FetchError:
    return FetchError(
        f"the indexes still name the files of {format_names(names)} that are pinned: there is nothing to accept",
        hint="a server that has other files is broken or lies: name another place for them in devenv's settings",
        slug="hash-unchanged",
    )
