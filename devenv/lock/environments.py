"""A lock of one environment out of the lock of all, and what there is to write down of one: the difference.

A lock says of a named environment only what it has otherwise than the default. `select_environment` gives a plain lock
again, such as `locking` made: all that realizes works on that. The two functions are each other's inverse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from devenv.lock.model import Lock, LockedEnvironment, LockedPackage
from devenv.lock.satisfies import builds_anything, manifest_fingerprint
from devenv.manifest.model import DEFAULT_ENVIRONMENT, Manifest
from devenv.system import System


def select_environment(lock: Lock, manifest: Manifest, name: str) -> Lock:
    """The lock of the environment `name` of `manifest`, without the others. Raises UsageError as `select` there does.

    Its fingerprint is the environment's, where that of `lock` is the manifest's.
    """
    chosen = manifest.select(name)
    is_current = lock.fingerprint == manifest_fingerprint(manifest)
    fingerprint = manifest_fingerprint(chosen) if is_current else lock.fingerprint
    if name == DEFAULT_ENVIRONMENT:
        return replace(lock, fingerprint=fingerprint, environments={})
    own = lock.environments.get(name, LockedEnvironment())
    inherited = _inherit(lock, chosen)
    return Lock(
        fingerprint,
        lock.inputs,
        {**inherited.packages, **own.packages},
        own.runtime or inherited.runtime,
        {**inherited.dependencies, **own.dependencies},
    )


def find_difference(default: Lock, chosen: Manifest, packages: LockedEnvironment) -> LockedEnvironment:
    """What of `packages`, which answer the environment's manifest `chosen`, `default` does not have alike."""
    inherited = _inherit(default, chosen)
    return LockedEnvironment(
        _differing(packages.packages, inherited.packages),
        _differing(packages.dependencies, inherited.dependencies),
        None if packages.runtime == inherited.runtime else packages.runtime,
    )


def _differing(own: Mapping[str, LockedPackage], inherited: Mapping[str, LockedPackage]) -> dict[str, LockedPackage]:
    return {name: package for name, package in own.items() if inherited.get(name) != package}


def _inherit(default: Lock, chosen: Manifest) -> LockedEnvironment:
    """What an environment has of the default where nothing is said of it; dependencies only where it builds."""
    packages = _restrict_all(
        {name: default.packages[name] for name in chosen.packages if name in default.packages}, chosen.systems
    )
    dependencies = {}
    if builds_anything(chosen):
        # What stands in for a dependency is a package here.
        free = {name: each for name, each in default.dependencies.items() if not _stands_in(chosen, each)}
        dependencies = _restrict_all(free, chosen.systems)
    runtime = {} if default.runtime is None else {"": default.runtime}
    return LockedEnvironment(packages, dependencies, _restrict_all(runtime, chosen.systems).get(""))


def _stands_in(manifest: Manifest, dependency: LockedPackage) -> bool:
    own = manifest.packages.get(dependency.name)
    return own is not None and manifest.inputs.get(own.input) == manifest.inputs.get(dependency.input)


def _restrict_all(packages: Mapping[str, LockedPackage], systems: Sequence[System] | None) -> dict[str, LockedPackage]:
    """The packages with what they are on `systems` (None: on all); those that are on none of them are left out."""
    if systems is None:
        return dict(packages)
    restricted = {}
    for name, package in packages.items():
        builds = {system: build for system, build in package.systems.items() if system in systems}
        if len(builds) == len(package.systems) and not package.lacking:
            restricted[name] = package
        elif builds:
            restricted[name] = replace(package, systems=builds, lacking={})
    return restricted
