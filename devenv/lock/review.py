"""What tells two locks apart, for whoever decides about it: pure, from two values to typed changes.

A package is compared table by table and system by system. One whose derivation has another key while its version
stayed is built (or taken apart) again; the causes are those that two locks can tell. What a package is built with no
lock says: whoever can plan packages hands it in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from devenv.lock.components import FileChange, compare_files
from devenv.lock.model import RUNTIME_NAME, Lock, LockedBuild, LockedInput, LockedPackage
from devenv.system import ALL_SYSTEMS, System


class Table(StrEnum):
    """Where in a lock a package stands."""

    PACKAGE = "package"
    DEPENDENCY = "dependency"
    RUNTIME = "runtime"


class Move(StrEnum):
    """What became of a package."""

    ADDED = "added"
    REMOVED = "removed"
    NEWER = "newer"
    OLDER = "older"
    REBUILT = "rebuilt"
    """The same version by another derivation, on one system at least."""
    SCOPE = "scope"
    """The same by the same derivations; what it is asked for as, or for which systems, is another."""


class Cause(StrEnum):
    """Why a package of the same version has another derivation."""

    FILES = "files"
    OVERRIDES = "overrides"
    DEPENDENCY = "dependency"
    RUNTIME = "runtime"
    RECIPE = "recipe"
    DEVENV = "devenv"
    """Nothing that a lock knows of: the builders of devenv itself, or what the manifest keeps."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause, and what it is about: the dependencies, or the input whose recipes changed."""

    cause: Cause
    names: tuple[str, ...] = ()
    certain: bool = True
    """Whether what it is about is known to matter to the package: what it is made with may be unknown."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a package is made with on a system: names of packages and dependencies, and whether of the runtime."""

    names: frozenset[str] = frozenset()
    runtime: bool = False


FindNeeds = Callable[[Table, str, System], Needs | None]
"""What a package is made with; None where nobody can tell."""


def know_nothing(table: Table, name: str, system: System) -> None:
    """For those who cannot plan packages."""
    del table, name, system


@dataclass(frozen=True, slots=True)
class SystemChange:
    """What changed of a package for one system; a version is None where it is not there."""

    system: System
    before: str | None
    after: str | None
    rebuilt: bool = False
    reasons: tuple[Reason, ...] = ()
    files: tuple[FileChange, ...] = ()
    lacking: str | None = None
    """Why it is not there any more, where the lock says so."""


@dataclass(frozen=True, slots=True)
class PackageChange:
    """What changed of a package, over all systems; versions and requests are None where it is not there."""

    table: Table
    name: str
    move: Move
    before: str | None
    after: str | None
    systems: tuple[SystemChange, ...]
    """Those on which something changed."""
    requests: tuple[str | None, str | None] = (None, None)
    inputs: tuple[str | None, str | None] = (None, None)
    """The locators of its input before and after."""


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """A release of a Debian suite, with its times."""

    name: str
    before: str | None
    after: str | None

    @property
    def goes_back(self) -> bool:
        """Whether it is older than before."""
        return self.before is not None and self.after is not None and self.after < self.before


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input that came, went or is another; of one that is not there locator and revision are None."""

    name: str
    locators: tuple[str | None, str | None]
    revisions: tuple[str | None, str | None]
    releases: tuple[ReleaseChange, ...] = ()


@dataclass(frozen=True, slots=True)
class SizeChange:
    """Bytes to download for a system: of all that the lock pins before and after, and of what is new in it."""

    before: int
    after: int
    new: int


@dataclass(frozen=True, slots=True)
class Review:
    """All that tells two locks apart."""

    inputs: tuple[InputChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    """In the order of tables (packages first), then of names."""
    downloads: Mapping[System, SizeChange] = field(default_factory=dict)
    """For the systems that one of the locks has something for."""

    def __bool__(self) -> bool:
        """Whether anything is another."""
        return bool(self.inputs or self.packages)


def review_locks(before: Lock | None, after: Lock, find_needs: FindNeeds = know_nothing) -> Review:
    """What tells `after` from `before` (None: there was none)."""
    comparison = _Comparison(before, after, find_needs)
    return Review(tuple(comparison.iter_inputs()), tuple(comparison.iter_packages()), comparison.downloads())


_Key = tuple[Table, str]


def _lay_out(lock: Lock | None) -> dict[_Key, LockedPackage]:
    if lock is None:
        return {}
    tables = {(Table.PACKAGE, name): each for name, each in sorted(lock.packages.items())}
    tables |= {(Table.DEPENDENCY, name): each for name, each in sorted(lock.dependencies.items())}
    if lock.runtime is not None:
        tables[Table.RUNTIME, RUNTIME_NAME] = lock.runtime
    return tables


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
                )

    def iter_packages(self) -> Iterator[PackageChange]:
        order = {table: number for number, table in enumerate(Table)}
        for key in sorted({*self._old, *self._new}, key=lambda key: (order[key[0]], key[1])):
            change = self._compare(key, self._old.get(key), self._new.get(key))
            if change is not None:
                yield change

    def _compare(self, key: _Key, old: LockedPackage | None, new: LockedPackage | None) -> PackageChange | None:
        versions = (None if old is None else old.version, None if new is None else new.version)
        requests = (None if old is None else old.request, None if new is None else new.request)
        inputs = (self._locator(0, old), self._locator(1, new))
        systems = tuple(self._iter_systems(key, old, new))
        move = _move(versions, systems)
        if move is Move.SCOPE and not systems and requests[0] == requests[1] and inputs[0] == inputs[1]:
            return None
        return PackageChange(*key, move, *versions, systems, requests, inputs)

    def _locator(self, side: int, package: LockedPackage | None) -> str | None:
        found = None if package is None else self._input(side, package.input)
        return None if found is None else found.locator

    def _iter_systems(self, key: _Key, old: LockedPackage | None, new: LockedPackage | None) -> Iterator[SystemChange]:
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
        key: _Key,
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
            return SystemChange(system, before, after, True, self._find_reasons(key, system, files), files)
        lacking = None if packages[1] is None else packages[1].lacking.get(system)
        # Of what came or went as a whole the files say nothing that its version does not say.
        return SystemChange(
            system, before, after, files=files if before and after else (), lacking=None if after else lacking
        )

    def _find_reasons(self, key: _Key, system: System, files: tuple[FileChange, ...]) -> tuple[Reason, ...]:
        old, new = self._old[key], self._new[key]
        reasons = []
        if files:
            reasons.append(Reason(Cause.FILES))
        if old.overrides != new.overrides:
            reasons.append(Reason(Cause.OVERRIDES))
        needs = self._find_needs(*key, system)
        if needs is not None:
            reasons += self._iter_needed(key, system, needs)
        if not reasons and self._has_other_recipes(old, new):
            reasons.append(Reason(Cause.RECIPE, (new.input,)))
        if not reasons and needs is None:
            reasons += self._iter_needed(key, system, None)
        return tuple(reasons) or (Reason(Cause.DEVENV),)

    def _iter_needed(self, key: _Key, system: System, needs: Needs | None) -> Iterator[Reason]:
        """What it is made with, and what has another derivation too; without `needs` all that might be."""
        if key[0] is Table.RUNTIME:
            return
        changed = {
            each
            for each in {*self._old, *self._new}
            if each != key and self._derivation(self._old, each, system) != self._derivation(self._new, each, system)
        }
        names = {name for table, name in changed if table is not Table.RUNTIME}
        if needs is not None:
            names &= needs.names
        else:
            names = {name for table, name in changed if table is Table.DEPENDENCY}
        if names:
            yield Reason(Cause.DEPENDENCY, tuple(sorted(names)), certain=needs is not None)
        if (Table.RUNTIME, RUNTIME_NAME) in changed and (needs is None or needs.runtime):
            yield Reason(Cause.RUNTIME, certain=needs is not None)

    def _derivation(self, tables: Mapping[_Key, LockedPackage], key: _Key, system: System) -> str | None:
        package = tables.get(key)
        build = None if package is None else package.systems.get(system)
        return None if build is None else build.derivation

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
