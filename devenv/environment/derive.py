"""From a lock to derivations: recipes are evaluated with the recorded answers, nothing else is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from devenv.debian.suites import DEBIAN, parse_suite
from devenv.derivation.model import Derivation, Input
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedPackage
from devenv.manifest.model import Manifest, Overrides
from devenv.packages.package import ArchiveSource, BuildPlan, BuildRequest, DebianSource, Package, WheelSource
from devenv.packages.wheels import parse_version, parse_wheel_name
from devenv.store_path import object_name
from devenv.system import System

DEB_SUFFIX = ".deb"

NOTHING_OVERRIDDEN = Overrides()


class Packages(Protocol):
    """A package set: recipes, or an index that needs none."""

    @property
    def revision(self) -> str:
        """What identifies its content, as `blake3:…`; empty for an index, whose state is known when it was asked."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is a recipe for a package of that name."""
        ...

    def package(self, name: str) -> Package:
        """What is known of a package. Raises ResolutionError, RecipeError."""
        ...

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """How the files of `request` become the package. Raises as `package` does."""
        ...


PackageSets = Mapping[str, Packages]
"""A manifest's inputs: name → package set."""


@dataclass(frozen=True, slots=True)
class DeriveRequest:
    """One package for one system, and the files that were pinned for it."""

    packages: Packages
    name: str
    version: str
    system: System
    artifacts: Sequence[LockedArtifact]
    suite: str | None
    """Of the Debian index that answered."""
    keep: tuple[str, ...] = ()
    overrides: Overrides = NOTHING_OVERRIDDEN

    @property
    def archives(self) -> dict[str, str]:
        """File name → SHA-256 of each archive that the package is built from."""
        return {each.filename: each.sha256 for each in self.artifacts if _is_archive(each)}

    @property
    def debs(self) -> dict[str, str]:
        """Name → SHA-256 of each Debian package, by its file's name (`name_version_architecture.deb`)."""
        debs = (each for each in self.artifacts if each.filename.endswith(DEB_SUFFIX))
        return {each.filename.partition("_")[0]: each.sha256 for each in debs}


def plan_package(request: DeriveRequest) -> BuildPlan:
    """What the package's recipe says about these files."""
    source = find_source(request)
    others = (each for each in request.artifacts if not each.filename.endswith(DEB_SUFFIX))
    wheels = [each.sha256 for each in others if not _is_archive(each)]
    overrides = request.overrides
    build = BuildRequest(
        version=request.version,
        system=request.system,
        source=next(iter(wheels), None),
        debs=request.debs,
        own=() if source is None else source.packages,
        keep=request.keep,
        sources=request.archives,
        flags=overrides.flags,
        env=overrides.env,
        patches=tuple(PurePosixPath(path).name for path in overrides.patches),
        replaced=overrides.inputs,
    )
    return request.packages.build(request.name, build)


def derive_planned(request: DeriveRequest, plan: BuildPlan, runtime: Derivation | None) -> Derivation:
    """The derivation of a package by its plan; without a `runtime`, programs of wheels run on the host."""
    return Derivation(
        name=object_name(request.name, request.version),
        system=str(request.system),
        builder=plan.builder,
        arguments=plan.arguments,
        inputs=(Input(runtime),) if plan.runtime and runtime is not None else (),
        sources=plan.sources,
    )


def find_source(request: DeriveRequest) -> DebianSource | None:
    """The first source of the recipe that the pinned Debian packages can be an answer of; None for wheels."""
    if request.suite is None:
        return None
    version, names = parse_version(request.version), request.debs.keys()
    for source in request.packages.package(request.name).sources:
        if (
            isinstance(source, DebianSource)
            and source.suite == request.suite
            and source.serves(request.system)
            and version is not None
            and version in source.specifiers()
            and set(source.packages) <= names
        ):
            return source
    return None


def _find_archive_source(request: DeriveRequest) -> ArchiveSource | None:
    """The first source of the recipe that the pinned archives can be an answer of."""
    from devenv.debian.source_record import ALL, find_component

    version = parse_version(request.version)
    components = {find_component(name) for name in request.archives}
    for source in request.packages.package(request.name).sources:
        if (
            isinstance(source, ArchiveSource)
            and source.suite == request.suite
            and source.serves(request.system)
            and version is not None
            and version in source.specifiers()
            and (source.component == ALL or components == {source.component})
            and all(name.startswith(f"{source.package}_") for name in request.archives)
        ):
            return source
    return None


def _is_archive(artifact: LockedArtifact) -> bool:
    """Whether a file is one that a package is built from."""
    return artifact.locator.startswith(DEBIAN) and not artifact.filename.endswith(DEB_SUFFIX)


def is_offered(request: DeriveRequest) -> bool:
    """Whether the recipe names the projects or Debian packages that these files are of, for this version and system.

    Where the project has a source of its own, or another project builds it of its files, that there are none.
    """
    if request.overrides.source is not None:
        return not request.artifacts
    if not request.packages.package(request.name).sources:
        return not request.artifacts
    if request.suite is not None:
        return (_find_archive_source if request.archives else find_source)(request) is not None
    from packaging.utils import canonicalize_name

    projects = {
        canonicalize_name(source.project)
        for source in request.packages.package(request.name).sources
        if isinstance(source, WheelSource) and source.serves(request.system) and request.version in source.specifiers()
    }
    names = [parse_wheel_name(artifact.filename) for artifact in request.artifacts]
    return bool(names) and all(name is not None and canonicalize_name(name.project) in projects for name in names)


def request_of(
    packages: Packages,
    package: LockedPackage,
    system: System,
    suite: str | None,
    manifest: Manifest,
    overrides: Overrides = NOTHING_OVERRIDDEN,
) -> DeriveRequest:
    """What there is to derive of a locked package."""
    artifacts = package.systems[system].artifacts
    return DeriveRequest(packages, package.name, package.version, system, artifacts, suite, manifest.keep, overrides)


def locked_suite(lock: Lock, build: LockedBuild) -> str | None:
    """The Debian suite whose index answered for a build."""
    return None if build.index is None else parse_suite(lock.inputs[build.index].locator)
