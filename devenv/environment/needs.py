"""What the packages of a lock are made with, from their plans: for those who explain why one is built again."""

from __future__ import annotations

from devenv.environment.dependencies import find_needs
from devenv.environment.derive import PackageSets, locked_suite, plan_package, request_of
from devenv.errors import DevenvError
from devenv.lock.model import Lock, LockedEnvironment, LockedPackage
from devenv.lock.review import FindNeeds, Key, Needs, Table
from devenv.manifest.model import Manifest, PackageRequest
from devenv.system import System


def make_find_needs(manifest: Manifest, lock: Lock, sets: PackageSets) -> FindNeeds:
    """Tells what a package of `lock` is made with; None where the recipes that are here cannot say."""

    def find(key: Key, system: System) -> Needs | None:
        locked = _find_locked(lock, key)
        if locked is None or system not in locked.systems or locked.input not in sets:
            return None
        try:
            chosen = manifest if key.environment is None else manifest.select(key.environment)
            own = chosen.packages.get(key.name) if key.table is Table.PACKAGE else None
            wanted = PackageRequest(key.name, input=locked.input) if own is None else own
            suite = locked_suite(lock, locked.systems[system])
            plan = plan_package(request_of(sets[locked.input], locked, system, suite, chosen, wanted.overrides))
            needs = find_needs(wanted, plan, chosen, sets)
        except (DevenvError, LookupError):
            # Made by other recipes than those that are here: nobody can tell.
            return None
        return Needs(frozenset(node.name for node, _ in needs.values()), plan.runtime or plan.is_script)

    return find


def _find_locked(lock: Lock, key: Key) -> LockedPackage | None:
    """The package that an environment has, its own or the default's."""
    parts: list[Lock | LockedEnvironment] = [lock]
    if key.environment is not None and key.environment in lock.environments:
        parts.insert(0, lock.environments[key.environment])
    for part in parts:
        match key.table:
            case Table.PACKAGE:
                found = part.packages.get(key.name)
            case Table.DEPENDENCY:
                found = part.dependencies.get(key.name)
            case Table.RUNTIME:
                found = part.runtime
        if found is not None:
            return found
    return None
