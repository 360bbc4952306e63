"""From a lock to derivations: recipes are evaluated with the recorded answers, nothing else is asked."""

from __future__ import annotations

from collections.abc import Mapping

from devenv.derivation.model import Derivation, Input
from devenv.environment.description import derive_description
from devenv.errors import ActivationError, LockError
from devenv.lock.model import Lock, LockedPackage
from devenv.manifest.model import Manifest
from devenv.packages.package import BuildRequest
from devenv.packages.package_set import PackageSet
from devenv.packages.versions import parse_version_request
from devenv.store_path import object_name
from devenv.system import Requirement, System

PackageSets = Mapping[str, PackageSet]
"""A manifest's inputs: name → package set."""


def derive_package(
    package_set: PackageSet, name: str, version: str, system: System, sources: tuple[str, ...]
) -> Derivation:
    """The derivation of one package. `sources` are the SHA-256 digests of its artifacts."""
    plan = package_set.build(name, BuildRequest(version, system, sources))
    return Derivation(
        name=object_name(name, version),
        system=str(system),
        builder=plan.builder,
        arguments=plan.arguments,
        sources=plan.sources,
    )


def derive_locked(sets: PackageSets, package: LockedPackage, system: System) -> Derivation:
    """The derivation of a locked package, whose key must be the one that the lock has.

    Raises LockError: `lock-stale` where the version is no answer to the request beside it (FAULTS K-06),
    `lock-recipe-changed` where this devenv's recipe makes another derivation.
    """
    _require_answer(package)
    build = package.systems[system]
    sources = tuple(artifact.sha256 for artifact in build.artifacts)
    derivation = derive_package(sets[package.input], package.name, package.version, system, sources)
    if derivation.key != build.derivation:
        raise LockError(
            f"the recipe of `{package.name}` is not the one that the lock was made with",
            hint="run `devenv lock` to take over this devenv's recipe, or use the devenv that made the lock",
            details=(f"locked derivation: {build.derivation}", f"derivation now:    {derivation.key}"),
            slug="lock-recipe-changed",
        )
    return derivation


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


def derive_environment(
    manifest: Manifest, lock: Lock, packages: Mapping[str, Derivation], system: System
) -> Derivation:
    """The derivation that joins the packages (by name) and the environment's description."""
    description = derive_description(manifest, lock, system)
    inputs = [Input(packages[name]) for name in sorted(packages)]
    return Derivation("environment", str(system), "compose/1", inputs=(*inputs, Input(description)))


def require_system(lock: Lock, system: System) -> None:
    """Raises ActivationError (`system-missing`) where a package cannot be had for this system."""
    for name, package in sorted(lock.packages.items()):
        if system not in package.systems:
            reason = package.lacking.get(system, "the manifest's `systems` leave it out")
            hint = f"ask for another version with `devenv add {name}@VERSION`"
            if system not in package.lacking:
                hint = f"add `{system}` to `systems` in `devenv.toml` and run `devenv lock`"
            raise ActivationError(
                f"`{name}` {package.version} cannot be had for {system}: {reason}", hint=hint, slug="system-missing"
            )


def require_platform(lock: Lock, system: System, host: Requirement | None) -> None:
    """Raises ActivationError (`host-too-old`) where a tool needs a newer glibc or macOS than `host`, naming both."""
    for name, package in sorted(lock.packages.items()):
        for artifact in package.systems[system].artifacts:
            needed = artifact.requires
            if needed is None or (host is not None and host.platform == needed.platform and host >= needed):
                continue
            has = "has none" if host is None else f"has {host.platform} {host.version[0]}.{host.version[1]}"
            raise ActivationError(
                f"`{name}` {package.version} needs {needed.platform} {needed.version[0]}.{needed.version[1]} or newer; "
                f"this machine {has}",
                hint=f"look for an older version with `devenv info {name}` and ask for it: `devenv add {name}@VERSION`",
                slug="host-too-old",
            )
