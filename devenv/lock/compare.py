"""Compares two locks: pure, from two values to the changes that `review` describes.

A package is compared table by table and system by system. A named environment has of its own only what is not as in the
default; what it had of the default before, or has now, is compared with that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from devenv.lock.components import FileChange, compare_files
from devenv.lock.model import RUNTIME_NAME, Lock, LockedBuild, LockedEnvironment, LockedInput, LockedPackage
from devenv.lock.review import (
    Cause,
    FindNeeds,
    InputChange,
    Key,
    Move,
    Needs,
    PackageChange,
    Reason,
    ReleaseChange,
    Review,
    SizeChange,
    SystemChange,
    Table,
    know_nothing,
)
from devenv.system import ALL_SYSTEMS, System


def review_locks(before: Lock | None, after: Lock, find_needs: FindNeeds = know_nothing) -> Review:
    """What tells `after` from `before` (None: there was none)."""
    comparison = _Comparison(before, after, find_needs)
    return Review(tuple(comparison.iter_inputs()), tuple(comparison.iter_packages()), comparison.downloads())


def _lay_out(lock: Lock | None) -> dict[Key, LockedPackage]:
    if lock is None:
        return {}
    parts: list[tuple[str | None, Lock | LockedEnvironment]] = [(None, lock), *lock.environments.items()]
    tables: dict[Key, LockedPackage] = {}
    for environment, part in parts:
        tables |= {Key(environment, Table.PACKAGE, name): each for name, each in part.packages.items()}
        tables |= {Key(environment, Table.DEPENDENCY, name): each for name, each in part.dependencies.items()}
        if part.runtime is not None:
            tables[Key(environment, Table.RUNTIME, RUNTIME_NAME)] = part.runtime
    return tables


ORDER = {table: number for number, table in enumerate(Table)}


def _order(key: Key) -> tuple[str, int, str]:
    return key.environment or "", ORDER[key.table], key.name


class _Comparison:
    """Two locks side by side."""

    def __init__(self, before: Lock | None, after: Lock, find_needs: FindNeeds) -> None:
        self._locks = (before, after)
        self._old, self._new = _lay_out(before), _lay_out(after)
        self._find_needs = find_needs

    def _input(self, side: int, name: str) -> LockedInput | None:
        lock = self._locks[side]
        return None if lock is None else lock.inputs.get(name)

    def iter_inputs(self) -> Iterator[InputChange]:
        names = {name for lock in self._locks if lock is not None for name in lock.inputs}
        for name in sorted(names):
            old, new = self._input(0, name), self._input(1, name)
            if old != new:
                yield InputChange(
                    name,
                    (None if old is None else old.locator, None if new is None else new.locator),
                    (None if old is None else old.revision, None if new is None else new.revision),
                    tuple(_iter_releases(old, new)),
                    (None if old is None else old.date, None if new is None else new.date),
                )

    def iter_packages(self) -> Iterator[PackageChange]:
        for key in sorted({*self._old, *self._new}, key=_order):
            old, new = self._old.get(key), self._new.get(key)
            change = self._compare(key, *self._inherit(key, old, new))
            if change is not None:
                yield change

    def _inherit(
        self, key: Key, old: LockedPackage | None, new: LockedPackage | None
    ) -> tuple[LockedPackage | None, LockedPackage | None]:
        """What a named environment has that did not have it otherwise, or does not any more: the default's."""
        if key.environment is not None:
            default = key._replace(environment=None)
            if old is None and new is not None:
                old = _alike(self._old.get(default), new)
            elif new is None and old is not None:
                new = _alike(self._new.get(default), old)
        return old, new

    def _compare(self, key: Key, old: LockedPackage | None, new: LockedPackage | None) -> PackageChange | None:
        versions = (None if old is None else old.version, None if new is None else new.version)
        requests = (None if old is None else old.request, None if new is None else new.request)
        inputs = (self._locator(0, old), self._locator(1, new))
        systems = tuple(self._iter_systems(key, old, new))
        move = _move(versions, systems)
        if move is Move.SCOPE and not systems and requests[0] == requests[1] and inputs[0] == inputs[1]:
            return None
        return PackageChange(
            key.table, key.name, move, *versions, systems, requests, inputs, environment=key.environment
        )

    def _locator(self, side: int, package: LockedPackage | None) -> str | None:
        found = None if package is None else self._input(side, package.input)
        return None if found is None else found.locator

    def _iter_systems(self, key: Key, old: LockedPackage | None, new: LockedPackage | None) -> Iterator[SystemChange]:
        for system in ALL_SYSTEMS:
            builds = tuple(None if each is None else each.systems.get(system) for each in (old, new))
            if builds[0] is builds[1] is None:
                continue
            keys = [None if each is None else each.derivation for each in builds]
            if keys[0] == keys[1] and old is not None and new is not None and old.version == new.version:
                continue
            yield self._compare_builds(key, system, (old, new), builds)

    def _compare_builds(
        self,
        key: Key,
        system: System,
        packages: tuple[LockedPackage | None, LockedPackage | None],
        builds: Sequence[LockedBuild | None],
    ) -> SystemChange:
        before, after = (
            None if package is None or build is None else package.version
            for package, build in zip(packages, builds, strict=True)
        )
        files = tuple(compare_files(*(() if each is None else each.artifacts for each in builds)))
        rebuilt = before is not None and before == after
        if rebuilt:
            reasons = self._find_reasons(key, system, packages, files)
            return SystemChange(system, before, after, True, reasons, files)
        lacking = None if packages[1] is None else packages[1].lacking.get(system)
        # Of what came or went as a whole the files say nothing that its version does not say.
        return SystemChange(
            system, before, after, files=files if before and after else (), lacking=None if after else lacking
        )

    def _find_reasons(
        self,
        key: Key,
        system: System,
        packages: tuple[LockedPackage | None, LockedPackage | None],
        files: tuple[FileChange, ...],
    ) -> tuple[Reason, ...]:
        old, new = packages
        assert old is not None
        assert new is not None
        reasons = []
        if files:
            reasons.append(Reason(Cause.FILES))
        if old.overrides != new.overrides:
            reasons.append(Reason(Cause.OVERRIDES))
        needs = self._find_needs(key, system)
        if needs is not None:
            reasons += self._iter_needed(key, system, needs)
        if not reasons and self._has_other_recipes(old, new):
            reasons.append(Reason(Cause.RECIPE, (new.input,)))
        if needs is None and not files:
            reasons += self._iter_needed(key, system, None)
        return tuple(reasons) or (Reason(Cause.DEVENV),)

    def _iter_needed(self, key: Key, system: System, needs: Needs | None) -> Iterator[Reason]:
        """What it is made with, and what has another derivation too; without `needs` all that might be."""
        if key.table is Table.RUNTIME:
            return
        known = {each._replace(environment=key.environment) for each in {*self._old, *self._new}}
        changed = {each for each in known if each != key and self._has_other_derivation(each, system)}
        if needs is None:
            names = {each.name for each in changed if each.table is Table.DEPENDENCY}
        else:
            names = {each.name for each in changed if each.table is not Table.RUNTIME} & needs.names
        if names:
            yield Reason(Cause.DEPENDENCY, tuple(sorted(names)), certain=needs is not None)
        if key._replace(table=Table.RUNTIME, name=RUNTIME_NAME) in changed and (needs is None or needs.runtime):
            yield Reason(Cause.RUNTIME, certain=needs is not None)

    def _has_other_derivation(self, key: Key, system: System) -> bool:
        return _derivation(self._old, key, system) != _derivation(self._new, key, system)

    def _has_other_recipes(self, old: LockedPackage, new: LockedPackage) -> bool:
        """Whether its input is another, or in another state; what a suite says are files and no recipes."""
        before, after = self._input(0, old.input), self._input(1, new.input)
        if before is None or after is None or after.is_index:
            return False
        return (before.locator, before.revision) != (after.locator, after.revision)

    def downloads(self) -> dict[System, SizeChange]:
        """The sizes for all systems that there is something for."""
        found = {}
        for system in ALL_SYSTEMS:
            old, new = (_sizes(lock, system) for lock in self._locks)
            if old or new:
                fresh = sum(size for sha256, size in new.items() if sha256 not in old)
                found[system] = SizeChange(sum(old.values()), sum(new.values()), fresh)
        return found


def _alike(default: LockedPackage | None, own: LockedPackage) -> LockedPackage | None:
    """The default's package where it was asked for alike, so that an environment can have had it."""
    return default if default is not None and default.request == own.request else None


def _derivation(tables: Mapping[Key, LockedPackage], key: Key, system: System) -> str | None:
    """That of an environment's package: its own, else the default's."""
    package = tables.get(key) or tables.get(key._replace(environment=None))
    build = None if package is None else package.systems.get(system)
    return None if build is None else build.derivation


def _sizes(lock: Lock | None, system: System) -> dict[str, int]:
    """The files for a system by their hashes, each once."""
    if lock is None:
        return {}
    return {file.sha256: file.size for build in lock.iter_builds(system) for file in build.artifacts}


def _move(versions: tuple[str | None, str | None], systems: Sequence[SystemChange]) -> Move:
    before, after = versions
    if before is None:
        return Move.ADDED
    if after is None:
        return Move.REMOVED
    if before != after:
        return Move.OLDER if is_older(after, before) else Move.NEWER
    return Move.REBUILT if any(each.rebuilt for each in systems) else Move.SCOPE


def is_older(version: str, other: str) -> bool:
    """Whether a version comes before another; of what is no version by PEP 440, as text."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) < Version(other)
    except InvalidVersion:
        return version < other


def _iter_releases(old: LockedInput | None, new: LockedInput | None) -> Iterator[ReleaseChange]:
    before, after = ({} if each is None else each.releases for each in (old, new))
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield ReleaseChange(name, before.get(name), after.get(name))
