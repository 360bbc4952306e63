"""Makes the environment of one machine from a lock, asking no index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from devenv.build.realize import BuildOptions
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.environment.derive import PackageSets
from devenv.environment.lock_derivations import LockDerivations, derive_environment
from devenv.environment.lock_realizer import FetchLocked, LockRealizer
from devenv.environment.machine import require_platform, require_system
from devenv.errors import BuildError
from devenv.events import Notice, Report
from devenv.lock.model import Lock
from devenv.manifest.model import Manifest
from devenv.packages.package import SCRIPT_BUILDER
from devenv.store.store import Store
from devenv.store_path import StorePath
from devenv.system import System, host_platform


@dataclass(frozen=True, slots=True)
class RealizedEnvironment:
    """The environment's object, and those of packages (by name) and runtime that are as the lock describes them.

    Of `dependencies` those that are known here: what was built elsewhere needs none.
    """

    path: StorePath
    packages: dict[str, StorePath]
    runtime: StorePath | None = None
    dependencies: Mapping[str, StorePath] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RealizeRequest:
    """What to realize and with what."""

    manifest: Manifest
    lock: Lock
    sets: PackageSets
    system: System
    options: BuildOptions = field(default_factory=BuildOptions)
    """How what is built from source is built."""
    host_libraries: bool = False
    """Whether programs from wheels run on the host's libraries instead of the pinned runtime."""
    files: Mapping[str, StorePath] = field(default_factory=dict)
    """The project's files that packages are built with, by their paths in it."""


def realize_environment(
    request: RealizeRequest, store: Store, fetch: FetchLocked, report: Report
) -> RealizedEnvironment:
    """Realize the environment that the lock describes.

    Raises ActivationError where this machine cannot run it, FetchError, BuildError (`output-differs` where an object
    did not come out as the lock says).
    """
    system = request.system
    require_system(request.lock, system)
    lock = request.lock.on(system)
    derivations = LockDerivations(request.sets, request.manifest.on(system), lock, system, request.files)
    runtime = derivations.runtime()
    packages = {name: derivations.package(name, runtime) for name in sorted(lock.packages)}
    if request.host_libraries:
        packages = {
            name: each if each.builder == SCRIPT_BUILDER else replace(each, inputs=())
            for name, each in packages.items()
        }
    for name, derivation in packages.items():
        if not derivation.inputs:
            require_platform(lock.packages[name], system, host_platform())
    environment = derive_environment(derivations, packages)
    realized = LockRealizer(derivations, store, fetch, report, request.options).realize([environment])
    expected = {build.derivation: build.output for build in lock.iter_builds(system)}
    known = _Known(store, realized)
    for derivation in (*packages.values(), *([] if runtime is None else [runtime])):
        _check_output(derivation, expected.get(derivation.key), known.find(derivation), report)
    # What runs on the host's libraries is not what the lock describes.
    described = {name: derivation for name, derivation in packages.items() if derivation.key in expected}
    return RealizedEnvironment(
        realized[environment],
        known.find_all(described),
        None if runtime is None else known.find(runtime),
        known.find_all(derivations.derived_dependencies(runtime)),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What derivations came out as. Where the environment was known, its packages were not looked at."""

    store: Store
    realized: Mapping[Derivation, StorePath]

    def find(self, derivation: Derivation) -> StorePath | None:
        return self.realized.get(derivation) or self.store.find_realisation(derivation.key, MAIN_OUTPUT)

    def find_all(self, derivations: Mapping[str, Derivation]) -> dict[str, StorePath]:
        """Those that are known."""
        found = ((name, self.find(derivation)) for name, derivation in derivations.items())
        return {name: path for name, path in found if path is not None}


def _check_output(derivation: Derivation, expected: StorePath | None, actual: StorePath | None, report: Report) -> None:
    if expected is None or actual is None or expected == actual:
        return
    if derivation.builder == SCRIPT_BUILDER:
        # Who wrote the lock had the same description built; that compilers always agree nobody has promised.
        report(
            Notice(
                f"`{derivation.name}` came out otherwise than where the lock was made: `devenv build --rebuild` shows "
                "whether its build can be reproduced"
            )
        )
    else:
        raise BuildError(
            f"`{derivation.name}` did not come out as the lock says",
            hint="restore `devenv.lock` from version control; if nobody changed it, report this, please",
            details=(f"expected: {expected}", f"got:      {actual}"),
            slug="output-differs",
        )
