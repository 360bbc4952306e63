"""Answers a manifest: keeps what the lock has, asks the index sets for the rest, records every answer.

The result does not depend on the machine: all systems that the manifest asks for (or, where it names none, all that
each package can be had for) are resolved from any of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from devenv.environment.derive import PackageSets, derive_package
from devenv.errors import ResolutionError
from devenv.lock.grammar import FieldError
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.lock.satisfies import manifest_fingerprint
from devenv.manifest.model import Manifest, PackageRequest
from devenv.packages.package import Package
from devenv.packages.versions import parse_version_request
from devenv.packages.wheels import WheelFile, parse_wheel_name
from devenv.resolve.resolver import Resolution, resolve_package
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, System


class LockingIndex(Protocol):
    """An index that can be asked several things at once."""

    def wheels_of(self, projects: Iterable[str]) -> Mapping[str, Sequence[WheelFile]]:
        """What `wheels` says of each project."""
        ...

    def sizes_of(self, files: Iterable[WheelFile]) -> Mapping[str, int]:
        """The sizes in bytes by SHA-256, also where the page did not say."""
        ...


class _Answers:
    """Pages that were read side by side, as an index."""

    def __init__(self, pages: Mapping[str, Sequence[WheelFile]]) -> None:
        self._pages = pages

    def wheels(self, project: str) -> Sequence[WheelFile]:
        return self._pages[project]


@dataclass(frozen=True, slots=True)
class LockRequest:
    """What to lock: the manifest, and the lock so far, whose answers stay where they still answer."""

    manifest: Manifest
    previous: Lock | None
    sets: PackageSets


def lock_manifest(request: LockRequest, index: LockingIndex) -> Lock:
    """The lock that answers the manifest.

    Raises FetchError, RecipeError, ResolutionError (`answer-invalid` where an index answers what no lock can hold).
    """
    try:
        return _lock_manifest(request, index)
    except FieldError as error:
        raise ResolutionError(
            f"what the index answers cannot be locked: {error}",
            hint="check which index your settings name",
            slug="answer-invalid",
        ) from error


def _lock_manifest(request: LockRequest, index: LockingIndex) -> Lock:
    manifest, sets = request.manifest, request.sets
    kept = {name: _find_kept(request, wanted) for name, wanted in manifest.packages.items()}
    asked = [wanted for name, wanted in manifest.packages.items() if kept[name] is None]
    resolutions = _resolve(request, asked, index)
    packages = {
        name: kept[name] or _to_locked(request, wanted, *resolutions[name])
        for name, wanted in manifest.packages.items()
    }
    used = {package.input for package in packages.values()}
    inputs = {
        name: LockedInput(name, locator, sets[name].revision)
        for name, locator in manifest.inputs.items()
        if name in used
    }
    return Lock(manifest_fingerprint(manifest), inputs, packages)


def _find_kept(request: LockRequest, wanted: PackageRequest) -> LockedPackage | None:
    """The locked package with its derivations made anew, where its answers still answer what is wanted.

    They do not where the recipe turned elsewhere: what it builds of other files would not build of these.
    """
    locked = _previous(request, wanted)
    if locked is None or not parse_version_request(wanted.version).matches(locked.version):
        return None
    systems = request.manifest.systems
    if systems is None:
        if not all(system in locked.systems or system in locked.lacking for system in ALL_SYSTEMS):
            return None
    elif not all(system in locked.systems for system in systems):
        return None
    artifacts = {system: locked.systems[system].artifacts for system in systems or locked.systems}
    package = request.sets[wanted.input].package(wanted.name)
    if not all(_is_offered(package, locked.version, system, artifacts[system]) for system in artifacts):
        return None
    builds = {system: _derive(request, wanted, locked.version, system, artifacts[system]) for system in artifacts}
    lacking = locked.lacking if systems is None else {}
    return replace(locked, request=wanted.version, systems=builds, lacking=lacking)


def _previous(request: LockRequest, wanted: PackageRequest) -> LockedPackage | None:
    if request.previous is None:
        return None
    locked = request.previous.packages.get(wanted.name)
    return locked if locked is not None and locked.input == wanted.input else None


def _is_offered(package: Package, version: str, system: System, artifacts: Iterable[LockedArtifact]) -> bool:
    """Whether the recipe names the projects that these files are of, for this version and system."""
    from packaging.utils import canonicalize_name

    projects = {
        canonicalize_name(source.project)
        for source in package.sources
        if source.serves(system) and version in source.specifiers()
    }
    names = [parse_wheel_name(artifact.filename) for artifact in artifacts]
    return all(name is not None and canonicalize_name(name.project) in projects for name in names)


def _resolve(
    request: LockRequest, asked: Sequence[PackageRequest], index: LockingIndex
) -> dict[str, tuple[Resolution, Mapping[str, int]]]:
    packages = {wanted.name: request.sets[wanted.input].package(wanted.name) for wanted in asked}
    projects = sorted({source.project for package in packages.values() for source in package.sources})
    answers = _Answers(index.wheels_of(projects))
    resolutions = {}
    for wanted in asked:
        locked = _previous(request, wanted)
        resolutions[wanted.name] = resolve_package(
            packages[wanted.name],
            parse_version_request(wanted.version),
            request.manifest.systems,
            answers,
            None if locked is None else locked.version,
        )
    sizes = index.sizes_of(_iter_files(resolutions.values()))
    return {name: (resolution, sizes) for name, resolution in resolutions.items()}


def _iter_files(resolutions: Collection[Resolution]) -> Iterator[WheelFile]:
    for resolution in resolutions:
        for choice in resolution.files.values():
            yield choice.file


def _to_locked(
    request: LockRequest, wanted: PackageRequest, resolution: Resolution, sizes: Mapping[str, int]
) -> LockedPackage:
    builds = {}
    for system, choice in resolution.files.items():
        file = choice.file
        artifact = LockedArtifact(file.locator, file.sha256, sizes[file.sha256], choice.requirement)
        builds[system] = _derive(request, wanted, resolution.version, system, (artifact,))
    return LockedPackage(wanted.name, wanted.input, wanted.version, resolution.version, builds, resolution.lacking)


def _derive(
    request: LockRequest,
    wanted: PackageRequest,
    version: str,
    system: System,
    artifacts: tuple[LockedArtifact, ...],
) -> LockedBuild:
    sources = tuple(artifact.sha256 for artifact in artifacts)
    derivation = derive_package(request.sets[wanted.input], wanted.name, version, system, sources).key
    return LockedBuild(artifacts, derivation, _find_output(request, wanted.name, system, derivation))


def _find_output(request: LockRequest, name: str, system: System, derivation: str) -> StorePath | None:
    """What the lock so far knows to come out of this derivation: another way to the same key forgets nothing."""
    locked = None if request.previous is None else request.previous.packages.get(name)
    build = None if locked is None else locked.systems.get(system)
    return build.output if build is not None and build.derivation == derivation else None
