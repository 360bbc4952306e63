"""From a lock to derivations: recipes are evaluated with the recorded answers, nothing else is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from devenv.debian.suites import parse_suite
from devenv.derivation.model import Derivation, Input
from devenv.environment.description import derive_description
from devenv.errors import LockError
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedPackage
from devenv.manifest.model import Manifest
from devenv.packages.package import BuildPlan, BuildRequest, DebianSource, Package, WheelSource
from devenv.packages.versions import parse_version_request
from devenv.packages.wheels import parse_version, parse_wheel_name
from devenv.store_path import object_name
from devenv.system import System

DEB_SUFFIX = ".deb"


class Packages(Protocol):
    """A package set: recipes, or an index that needs none."""

    @property
    def revision(self) -> str:
        """What identifies its content, as `blake3:…`; empty for an index, whose state is known when it was asked."""
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

    @property
    def debs(self) -> dict[str, str]:
        """Name → SHA-256 of each Debian package, by its file's name (`name_version_architecture.deb`)."""
        debs = (each for each in self.artifacts if each.filename.endswith(DEB_SUFFIX))
        return {each.filename.partition("_")[0]: each.sha256 for each in debs}


def plan_package(request: DeriveRequest) -> BuildPlan:
    """What the package's recipe says about these files."""
    source = find_source(request)
    wheels = [each.sha256 for each in request.artifacts if not each.filename.endswith(DEB_SUFFIX)]
    build = BuildRequest(
        version=request.version,
        system=request.system,
        source=next(iter(wheels), None),
        debs=request.debs,
        own=() if source is None else source.packages,
        keep=request.keep,
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


def is_offered(request: DeriveRequest) -> bool:
    """Whether the recipe names the projects or Debian packages that these files are of, for this version and system."""
    if request.suite is not None:
        return find_source(request) is not None
    from packaging.utils import canonicalize_name

    projects = {
        canonicalize_name(source.project)
        for source in request.packages.package(request.name).sources
        if isinstance(source, WheelSource) and source.serves(request.system) and request.version in source.specifiers()
    }
    names = [parse_wheel_name(artifact.filename) for artifact in request.artifacts]
    return all(name is not None and canonicalize_name(name.project) in projects for name in names)


@dataclass(frozen=True, slots=True)
class LockDerivations:
    """The derivations of a lock's packages for one system; `runtime` where the lock pins one."""

    sets: PackageSets
    manifest: Manifest
    lock: Lock
    system: System

    def runtime(self) -> Derivation | None:
        """The derivation of the runtime, None where the lock has none for this system."""
        locked = self.lock.runtime
        if locked is None or self.system not in locked.systems:
            return None
        return self._derive(locked, None)

    def package(self, name: str, runtime: Derivation | None) -> Derivation:
        """The derivation of a locked package, whose key must be the one that the lock has.

        Raises LockError: `lock-stale` where the version is no answer to the request beside it (FAULTS K-06),
        `lock-recipe-changed` where this devenv's recipe makes another derivation.
        """
        _require_answer(self.lock.packages[name])
        return self._derive(self.lock.packages[name], runtime)

    def _derive(self, package: LockedPackage, runtime: Derivation | None) -> Derivation:
        build = package.systems[self.system]
        request = request_of(
            self.sets[package.input], package, self.system, locked_suite(self.lock, build), self.manifest
        )
        # A recipe need not know what to make of files that it would not ask for.
        if not is_offered(request):
            raise self._recipe_changed(package, "it asks for other files now")
        derivation = derive_planned(request, plan_package(request), runtime)
        if derivation.key != build.derivation:
            raise self._recipe_changed(
                package, f"locked derivation: {build.derivation}", f"derivation now:    {derivation.key}"
            )
        return derivation

    def _recipe_changed(self, package: LockedPackage, *details: str) -> LockError:
        if self.lock.inputs[package.input].is_index:
            message = f"this devenv makes another package of `{package.name}` than the one that made the lock"
            hint = "run `devenv lock` to take over this devenv's, or use the devenv that made the lock"
        else:
            message = f"the recipe of `{package.name}` is not the one that the lock was made with"
            hint = "run `devenv lock` to take over this devenv's recipe, or use the devenv that made the lock"
        return LockError(message, hint=hint, details=details, slug="lock-recipe-changed")


def request_of(
    packages: Packages, package: LockedPackage, system: System, suite: str | None, manifest: Manifest
) -> DeriveRequest:
    """What there is to derive of a locked package."""
    artifacts = package.systems[system].artifacts
    return DeriveRequest(packages, package.name, package.version, system, artifacts, suite, manifest.keep)


def locked_suite(lock: Lock, build: LockedBuild) -> str | None:
    """The Debian suite whose index answered for a build."""
    return None if build.index is None else parse_suite(lock.inputs[build.index].locator)


def _require_answer(package: LockedPackage) -> None:
    try:
        answers = parse_version_request(package.request).matches(package.version)
    except ValueError:
        answers = False
    if not answers:
        raise LockError(
            f"`{package.name}` is locked as {package.version}, which does not answer `{package.request}`",
            hint="run `devenv lock` to have it answered anew, or restore `devenv.lock` from version control",
            slug="lock-stale",
        )


def derive_environment(derivations: LockDerivations, packages: Mapping[str, Derivation]) -> Derivation:
    """The derivation that joins the packages (by name) and the environment's description."""
    lock, system = derivations.lock, derivations.system
    described = [derivations.sets[each.input].package(name) for name, each in sorted(lock.packages.items())]
    description = derive_description(derivations.manifest, lock, described, system)
    inputs = [Input(packages[name]) for name in sorted(packages)]
    return Derivation("environment", str(system), "compose/1", inputs=(*inputs, Input(description)))
