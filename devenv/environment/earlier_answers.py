"""Which answers a named environment begins with: those of what it extends, else its own of the lock so far.

So that its packages are the default's wherever these answer what it asks, whatever was locked first: then there is less
to fetch, and a lock has fewer lines.
"""

from __future__ import annotations

from collections.abc import Mapping

from devenv.environment.answers import LockRequest, covers
from devenv.lock.model import Lock, LockedEnvironment, LockedInput, LockedPackage
from devenv.lock.satisfies import wanted_systems
from devenv.manifest.model import Manifest, PackageRequest
from devenv.packages.versions import parse_version_request


def previous_of(request: LockRequest, name: str, base: Lock, manifest: Manifest) -> Lock:
    """What the environment `name`, which has this `manifest`, is locked with as its lock so far.

    `base` is the new lock of what it extends; `request` has the lock so far of all, and what of it does not count.
    """
    previous = request.previous
    inputs = dict(base.inputs)
    own = LockedEnvironment()
    if previous is not None:
        inputs = {**previous.inputs, **base.inputs}
        own = _keep_known(_forget(previous.environments.get(name, own), request), previous.inputs, inputs)
    packages = {}
    for each in manifest.packages.values():
        candidates = [table[each.name] for table in (base.packages, own.packages) if each.name in table]
        answering = [candidate for candidate in candidates if _answers(candidate, each, manifest)]
        if candidates:
            packages[each.name] = (answering or candidates)[0]
    runtime = base.runtime
    if own.runtime is not None and (runtime is None or runtime.systems.keys() < own.runtime.systems.keys()):
        runtime = own.runtime
    return Lock(base.fingerprint, inputs, packages, runtime, {**own.dependencies, **base.dependencies})


def _answers(locked: LockedPackage, wanted: PackageRequest, manifest: Manifest) -> bool:
    return (
        locked.input == wanted.input
        and parse_version_request(wanted.version).matches(locked.version)
        and covers(locked, wanted_systems(wanted, manifest))
    )


def _forget(own: LockedEnvironment, request: LockRequest) -> LockedEnvironment:
    moving = request.moving
    return LockedEnvironment(
        {name: each for name, each in own.packages.items() if name not in moving.packages},
        {name: each for name, each in own.dependencies.items() if name not in moving.dependencies},
        None if moving.runtime else own.runtime,
    )


def _keep_known(
    own: LockedEnvironment, before: Mapping[str, LockedInput], now: Mapping[str, LockedInput]
) -> LockedEnvironment:
    """What comes from inputs that are still what they were: another suite of the same name has other files."""

    def is_known(package: LockedPackage) -> bool:
        names = {package.input, *(build.index for build in package.systems.values() if build.index is not None)}
        return all(before[name].locator == now[name].locator for name in names)

    return LockedEnvironment(
        {name: each for name, each in own.packages.items() if is_known(each)},
        {name: each for name, each in own.dependencies.items() if is_known(each)},
        own.runtime if own.runtime is not None and is_known(own.runtime) else None,
    )
