"""Makes the environment of one machine from a lock, asking no index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from devenv.build.realize import Artifacts, realize
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.environment.derive import (
    PackageSets,
    derive_environment,
    derive_locked,
    require_platform,
    require_system,
)
from devenv.errors import BuildError
from devenv.events import Report
from devenv.lock.model import Lock, LockedArtifact
from devenv.manifest.model import Manifest
from devenv.store.store import Store
from devenv.store_path import StorePath
from devenv.system import System, host_platform


class FetchLocked(Protocol):
    """Brings locked artifacts here, verified. Raises FetchError."""

    def __call__(self, artifacts: Sequence[LockedArtifact], /) -> Artifacts:
        """The files by SHA-256."""
        ...


@dataclass(frozen=True, slots=True)
class RealizedEnvironment:
    """The environment's object, and the object of each package by name."""

    path: StorePath
    packages: dict[str, StorePath]


@dataclass(frozen=True, slots=True)
class RealizeRequest:
    """What to realize and with what."""

    manifest: Manifest
    lock: Lock
    sets: PackageSets
    system: System


def realize_environment(
    request: RealizeRequest, store: Store, fetch: FetchLocked, report: Report
) -> RealizedEnvironment:
    """Realize the environment that the lock describes.

    Raises ActivationError where this machine cannot run it, FetchError, BuildError (`output-differs` where an object
    did not come out as the lock says).
    """
    lock, system = request.lock, request.system
    require_system(lock, system)
    require_platform(lock, system, host_platform())
    packages = {name: derive_locked(request.sets, lock.packages[name], system) for name in sorted(lock.packages)}
    environment = derive_environment(request.manifest, lock, packages, system)
    for name, derivation in packages.items():
        _adopt_output(store, derivation, lock.packages[name].systems[system].output)
    by_digest = {
        artifact.sha256: artifact
        for package in lock.packages.values()
        for artifact in package.systems[system].artifacts
    }
    realized = realize(store, [environment], lambda digests: fetch([by_digest[digest] for digest in digests]), report)
    paths = _package_paths(store, packages, realized)
    for name, path in paths.items():
        _check_output(name, lock.packages[name].systems[system].output, path)
    return RealizedEnvironment(realized[environment], paths)


def _adopt_output(store: Store, derivation: Derivation, output: StorePath | None) -> None:
    """Take what the lock says for known, where that object is here already: it came in an archive, say.

    An object proves its content but not what made it; that the lock says, and whoever allowed the lock vouches for it.
    """
    if output is None or store.find_realisation(derivation.key, MAIN_OUTPUT) is not None:
        return
    store.keep([output])
    if store.is_complete(output):
        store.register_realisation(derivation.key, MAIN_OUTPUT, output)


def _package_paths(
    store: Store, packages: dict[str, Derivation], realized: dict[Derivation, StorePath]
) -> dict[str, StorePath]:
    """Where the environment was known, its packages were not looked at: they are asked for here."""
    paths = {}
    for name, derivation in packages.items():
        path = realized.get(derivation) or store.find_realisation(derivation.key, MAIN_OUTPUT)
        if path is not None:
            paths[name] = path
    return paths


def _check_output(name: str, expected: StorePath | None, actual: StorePath) -> None:
    if expected is not None and expected != actual:
        raise BuildError(
            f"`{name}` did not come out as the lock says",
            hint="restore `devenv.lock` from version control; if nobody changed it, report this, please",
            details=(f"expected: {expected}", f"got:      {actual}"),
            slug="output-differs",
        )
