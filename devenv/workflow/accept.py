"""Pins other files on purpose in the place of those that were replaced: `devenv lock --accept`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

from devenv.environment.answers import Moving
from devenv.environment.project import Project
from devenv.errors import FetchError, UsageError
from devenv.events import Step
from devenv.lock.format import format_lock
from devenv.lock.model import RUNTIME_NAME, Lock, LockedArtifact, LockedEnvironment, LockedPackage
from devenv.manifest.model import DEFAULT_ENVIRONMENT, Manifest, PackageRequest
from devenv.manifest.wording import format_names, format_shown
from devenv.system import System
from devenv.workflow.edit import find_lacking, make_lock, package_versions
from devenv.workflow.relocking import relocking
from devenv.workflow.results import LockResult, ReplacedFile
from devenv.workflow.tools import Tools


def accept_files(tools: Tools, start: Path, names: Sequence[str]) -> LockResult:
    """Pin the files that the indexes name now for the packages `names`, in the versions that are locked.

    Dependencies, and the runtime by its name, are locked anew: nobody asked for a version of these. A project that was
    allowed stays allowed. Raises UsageError (`package-absent`), FetchError (`hash-unchanged`), and as locking does.
    """
    with relocking(tools, start) as relocked:
        project = relocked.project
        before = project.require_lock()
        _require_there(project, names)
        tools.report(Step(f"locking {project.path}"))
        lock = _make_lock(tools, project, frozenset(names))
        replaced = tuple(iter_replaced(before, lock, names))
        if not replaced:
            raise _nothing_replaced(names)
        relocked.write(lock)
    return LockResult(project.path, True, package_versions(lock), lock.systems, find_lacking(lock), replaced)


def _require_there(project: Project, names: Sequence[str]) -> None:
    known = {name for _, packages in _iter_parts(project.require_lock()) for name in packages}
    for name in names:
        if name not in known:
            raise UsageError(
                f"the lock has no package `{format_shown(name)}`",
                hint="`devenv status` lists those that it has",
                slug="package-absent",
            )


def _iter_parts(lock: Lock) -> Iterator[tuple[str, Mapping[str, LockedPackage]]]:
    """All that is locked of each environment, by what the error about a wrong file calls it."""
    parts: dict[str, Lock | LockedEnvironment] = {DEFAULT_ENVIRONMENT: lock, **lock.environments}
    for name, part in parts.items():
        runtime = {} if part.runtime is None else {RUNTIME_NAME: part.runtime}
        yield name, {**runtime, **part.dependencies, **part.packages}


def _make_lock(tools: Tools, project: Project, names: frozenset[str]) -> Lock:
    """The lock with other files for these packages."""
    before, manifest = project.require_lock(), project.manifest
    environments = {
        name: replace(own, packages=_ask_exactly(own.packages, before.select(name, manifest), names))
        for name, own in manifest.environments.items()
    }
    exact = replace(manifest, packages=_ask_exactly(manifest.packages, before, names), environments=environments)
    packages = {name for part in before.parts() for name in part.packages}
    dependencies = {name for part in before.parts() for name in part.dependencies}
    moving = Moving(names & packages, names & dependencies, RUNTIME_NAME in names and RUNTIME_NAME not in packages)
    asked = make_lock(tools, project, exact, moving)
    answers = replace(
        asked,
        packages=_answer(asked.packages, manifest),
        environments={
            name: replace(own, packages=_answer(own.packages, manifest.select(name)))
            for name, own in asked.environments.items()
        },
    )
    if not manifest.environments:
        return answers
    # What they have in common with the default is another matter now that they ask as they did.
    return make_lock(tools, replace(project, lock_bytes=format_lock(answers)))


def _ask_exactly(requests: Mapping[str, PackageRequest], locked: Lock, names: Set[str]) -> dict[str, PackageRequest]:
    """The requests, with those of `names` for the very versions that are locked."""
    known = {name: each.version for name, each in locked.packages.items() if name in names}
    return {name: replace(each, version=known.get(name, each.version)) for name, each in requests.items()}


def _answer(packages: Mapping[str, LockedPackage], manifest: Manifest) -> dict[str, LockedPackage]:
    """The packages as answers to what the manifest asks for."""
    return {name: replace(each, request=manifest.packages[name].version) for name, each in packages.items()}


def iter_replaced(before: Lock, after: Lock, names: Sequence[str]) -> Iterator[ReplacedFile]:
    """The files of the packages in `names` that the new lock pins with another hash, does not pin, or pins newly."""
    now = dict(_iter_parts(after))
    pairs = ((name, packages.get(name), now.get(part, {}).get(name))
             for name in names for part, packages in _iter_parts(before))  # fmt: skip
    # Several environments may have the same.
    yield from dict.fromkeys(file for pair in pairs for file in _iter_differing(*pair))


def _iter_differing(name: str, old: LockedPackage | None, new: LockedPackage | None) -> Iterator[ReplacedFile]:
    if old is None or new is None:
        return
    for system in sorted(old.systems):
        files = [_files(each, system) for each in (old, new)]
        for filename in sorted(files[0].keys() | files[1].keys()):
            known, current = (each.get(filename) for each in files)
            if known != current:
                yield ReplacedFile(name, filename, known, current)


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
