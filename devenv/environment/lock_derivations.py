"""The derivations of a lock for one system: each package with all that it is built with, each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devenv.derivation.model import Derivation, Input
from devenv.environment.dependencies import Node, PlannedPackage, derive_all, find_needs
from devenv.environment.derive import (
    PackageSets,
    derive_planned,
    is_offered,
    locked_suite,
    plan_package,
    request_of,
)
from devenv.environment.description import derive_description
from devenv.errors import LockError
from devenv.lock.model import Lock, LockedPackage
from devenv.manifest.model import Manifest, PackageRequest
from devenv.packages.versions import answers_request
from devenv.store_path import StorePath
from devenv.system import System


@dataclass(frozen=True, slots=True)
class LockDerivations:
    """The derivations of a lock's packages for one system; `runtime` where the lock pins one."""

    sets: PackageSets
    manifest: Manifest
    lock: Lock
    system: System
    files: Mapping[str, StorePath] = field(default_factory=dict)
    """The project's files that packages are built with, by their paths in it."""
    _known: dict[Derivation | None, dict[Node, Derivation]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What was derived already, by the runtime: graphs with many ways to one package stay cheap (FAULTS N-08)."""

    def runtime(self) -> Derivation | None:
        """The derivation of the runtime, None where the lock has none for this system."""
        locked = self.lock.runtime
        if locked is None or self.system not in locked.systems:
            return None
        planned = self._plan(locked, PackageRequest(locked.name, input=locked.input))
        derivation = derive_planned(planned.request, planned.plan, None)
        self._require_key(locked, derivation)
        return derivation

    def package(self, name: str, runtime: Derivation | None) -> Derivation:
        """The derivation of a locked package, whose key must be the one that the lock has.

        Raises LockError: `lock-stale` where the version is no answer to the request beside it (FAULTS K-06) or
        something that it is built with is not locked, `lock-recipe-changed` where this devenv's recipe makes another
        derivation; and ResolutionError as `derive_all` and `find_needs` do.
        """
        return self._find(Node(name), runtime)

    def dependency(self, name: str, runtime: Derivation | None) -> Derivation:
        """The derivation of what builds need besides packages, such as `sysroot`, or of the package in its place.

        Raises as `package` does.
        """
        return self._find(Node(name, is_dependency=name in self.lock.dependencies), runtime)

    def derived_dependencies(self, runtime: Derivation | None) -> dict[str, Derivation]:
        """The dependencies that packages which were asked for are built with, by name."""
        return {node.name: each for node, each in self._known.get(runtime, {}).items() if node.is_dependency}

    def _find(self, node: Node, runtime: Derivation | None) -> Derivation:
        known = self._known.setdefault(runtime, {})
        if node not in known:
            planned = self._collect(node, known)
            derivations = derive_all(planned, runtime, self.files, known)
            # Dependencies come first: what is told to have changed is what changed, not what is built with it.
            for each, derivation in derivations.items():
                if each in planned:
                    self._require_key(self._locked(each, node), derivation)
            known.update(derivations)
        return known[node]

    def _collect(self, node: Node, known: Mapping[Node, Derivation]) -> dict[Node, PlannedPackage]:
        """The plans of `node` and of all that it is built with, but for what is `known`."""
        planned: dict[Node, PlannedPackage] = {}
        pending = [(node, node)]
        while pending:
            each, needed_by = pending.pop()
            if each not in planned and each not in known:
                planned[each] = self._plan(self._locked(each, needed_by), self._wanted(each))
                pending += [(needed, each) for needed in planned[each].needs.values()]
        return planned

    def _locked(self, node: Node, needed_by: Node) -> LockedPackage:
        locked = (self.lock.dependencies if node.is_dependency else self.lock.packages).get(node.name)
        if locked is None or self.system not in locked.systems:
            raise LockError(
                f"`{node.name}`, which `{needed_by.name}` is built with, is not locked for {self.system}",
                hint="run `devenv lock` to have it locked",
                slug="lock-stale",
            )
        return locked

    def _wanted(self, node: Node) -> PackageRequest:
        """How the package is asked for."""
        locked = (self.lock.dependencies if node.is_dependency else self.lock.packages)[node.name]
        own = None if node.is_dependency else self.manifest.packages.get(node.name)
        return PackageRequest(node.name, input=locked.input) if own is None else own

    def _plan(self, locked: LockedPackage, wanted: PackageRequest) -> PlannedPackage:
        _require_answer(locked)
        suite = locked_suite(self.lock, locked.systems[self.system])
        request = request_of(self.sets[locked.input], locked, self.system, suite, self.manifest, wanted.overrides)
        # A recipe need not know what to make of files that it would not ask for.
        if not is_offered(request):
            raise self._recipe_changed(locked, "it asks for other files now")
        plan = plan_package(request)
        needs = find_needs(wanted, plan, self.manifest, self.sets)
        return PlannedPackage(request, plan, {name: node for name, (node, _) in needs.items()})

    def _require_key(self, package: LockedPackage, derivation: Derivation) -> None:
        locked = package.systems[self.system].derivation
        if derivation.key != locked:
            raise self._recipe_changed(package, f"locked derivation: {locked}", f"derivation now:    {derivation.key}")

    def _overriding_files(self, package: LockedPackage) -> tuple[str, ...]:
        """The project's files that the manifest builds the package with."""
        own = self.manifest.packages.get(package.name)
        if own is None or package is not self.lock.packages.get(package.name):
            return ()
        source = own.overrides.source
        return (*own.overrides.patches, *(() if source is None else (source,)))

    def _recipe_changed(self, package: LockedPackage, *details: str) -> LockError:
        files = self._overriding_files(package)
        if files:
            shown = ", ".join(f"`{path}`" for path in files)
            message = f"{shown}, which `{package.name}` is built with, or its recipe is not what the lock was made with"
            hint = "run `devenv lock` to take over what there is now"
        elif self.lock.inputs[package.input].is_index:
            message = f"this devenv makes another package of `{package.name}` than the one that made the lock"
            hint = "run `devenv lock` to take over this devenv's, or use the devenv that made the lock"
        else:
            message = f"the recipe of `{package.name}` is not the one that the lock was made with"
            hint = "run `devenv lock` to take over this devenv's recipe, or use the devenv that made the lock"
            pin = self.lock.inputs[package.input]
            if self.sets[package.input].revision != pin.revision:
                missing = f"missing: `{pin.locator}` of revision {pin.revision}, in the store and in all substituters"
                details = (*details, missing)
                hint += ", or import an archive that it exported"
        return LockError(message, hint=hint, details=details, slug="lock-recipe-changed")


def _require_answer(package: LockedPackage) -> None:
    if not answers_request(package.request, package.version):
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
