"""Which answers a named environment begins with: those of what it extends, the default's, its own of the lock so far.

So that its packages are the default's wherever these answer what it asks, whatever was locked first: then there is less
to fetch, and a lock has fewer lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devenv.environment.answers import LockRequest, covers
from devenv.lock.model import Lock, LockedEnvironment, LockedInput, LockedPackage
from devenv.lock.satisfies import wanted_systems
from devenv.manifest.model import Manifest, PackageRequest
from devenv.packages.versions import parse_version_request


def previous_of(request: LockRequest, name: str, bases: Sequence[Lock], manifest: Manifest) -> Lock:
    """What the environment `name`, which has this `manifest`, is locked with as its lock so far.

    `bases` are the new locks of what it extends and of the default, the first of which counts most: what is as in the
    default was not written down. `request` has the lock so far of all, and what of it does not count.
    """
    previous = request.previous
    own = LockedEnvironment()
    inputs = {name: each for base in bases for name, each in base.inputs.items()}
    if previous is not None:
        inputs = {**previous.inputs, **inputs}
        own = _keep_known(_forget(previous.environments.get(name, own), request), previous.inputs, inputs)
    packages = {}
    for each in manifest.packages.values():
        candidates = [
            table[each.name] for table in (*(base.packages for base in bases), own.packages) if each.name in table
        ]
        answering = [candidate for candidate in candidates if _answers(candidate, each, manifest)]
        if candidates:
            packages[each.name] = (answering or candidates)[0]
    sources: list[Lock | LockedEnvironment] = [*bases, own]
    runtime = None
    for source in sources:
        # One that serves fewer systems does not answer where more are wanted.
        if source.runtime is not None and (runtime is None or runtime.systems.keys() < source.runtime.systems.keys()):
            runtime = source.runtime
    dependencies = {name: locked for source in reversed(sources) for name, locked in source.dependencies.items()}
    return Lock(bases[0].fingerprint, inputs, packages, runtime, dependencies)


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
