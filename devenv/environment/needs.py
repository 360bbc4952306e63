"""What the packages of a lock are made with, from their plans: for those who explain why one is built again."""

from __future__ import annotations

from devenv.environment.dependencies import find_needs
from devenv.environment.derive import PackageSets, locked_suite, plan_package, request_of
from devenv.errors import DevenvError
from devenv.lock.model import Lock, LockedPackage
from devenv.lock.review import FindNeeds, Needs, Table
from devenv.manifest.model import Manifest, PackageRequest
from devenv.system import System


def make_find_needs(manifest: Manifest, lock: Lock, sets: PackageSets) -> FindNeeds:
    """Tells what a package of `lock` is made with; None where the recipes that are here cannot say."""

    def find(table: Table, name: str, system: System) -> Needs | None:
        locked = _find_locked(lock, table, name)
        if locked is None or system not in locked.systems or locked.input not in sets:
            return None
        own = manifest.packages.get(name) if table is Table.PACKAGE else None
        wanted = PackageRequest(name, input=locked.input) if own is None else own
        suite = locked_suite(lock, locked.systems[system])
        try:
            plan = plan_package(request_of(sets[locked.input], locked, system, suite, manifest, wanted.overrides))
            needs = find_needs(wanted, plan, manifest, sets)
        except (DevenvError, LookupError):
            # Made by other recipes than those that are here: nobody can tell.
            return None
        return Needs(frozenset(node.name for node, _ in needs.values()), plan.runtime or plan.is_script)

    return find


def _find_locked(lock: Lock, table: Table, name: str) -> LockedPackage | None:
    match table:
        case Table.PACKAGE:
            return lock.packages.get(name)
        case Table.DEPENDENCY:
            return lock.dependencies.get(name)
        case Table.RUNTIME:
            return lock.runtime
