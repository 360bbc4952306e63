"""Merges two locks into one that has the answers of both. Pure: who decides what contradicts is handed in.

An answer is what a package was locked as: its input, its version and, for each system, its files. Requests and
derivations are no part of it: locking works them out of the manifest and the answers, and does so after merging. What a
derivation turned out to be belongs to the derivation (`with_outputs`).

Whichever answer does not answer the merged manifest is out. Of two that do, one that its side changed goes before one
that the other side left alone; two that agree wherever both say something are put together; all else contradicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from devenv.lock.model import Lock, LockedBuild, LockedEnvironment, LockedInput, LockedPackage
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, System

Side = Literal["ours", "theirs"]
Table = Literal["packages", "dependencies", "runtime", "inputs"]
Part = TypeVar("Part", Lock, LockedEnvironment)

OWN_SETS = ("builtin:", "pypi:")
"""Inputs whose state nobody chose: it is that of the devenv that locks."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What both sides changed, each in its way; what they say, in words. `base`: what it was before, if that is known.

    `name` is that of a package, a dependency, an input, or of the runtime.
    """

    table: Table
    name: str
    ours: str
    theirs: str
    base: str | None = None


@dataclass(frozen=True, slots=True)
class MergedAnswer:
    """Whose answer a package has now. `contradicted`: the other side has another one that would do as well."""

    table: Table
    name: str
    version: str
    side: Literal["ours", "theirs", "both"]
    contradicted: bool = False
    environment: str | None = None
    """The named environment that has it otherwise than the default; None: the default."""


@dataclass(frozen=True, slots=True)
class LockSides:
    """Two locks, either of which may not be there, and the one that both began with, where it is known."""

    ours: Lock | None
    theirs: Lock | None
    base: Lock | None = None

    def iter_locks(self) -> Iterable[Lock]:
        """Those that are there, ours first."""
        return (lock for lock in (self.ours, self.theirs, self.base) if lock is not None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the merged manifest wants: `answers` says whether a package that was asked for answers it."""

    fingerprint: str
    inputs: Mapping[str, str]
    """Locators by their names."""
    answers: Callable[[LockedPackage], bool]


Choose = Callable[[Contradiction], Side]


def merge_locks(sides: LockSides, wanted: Wanted, choose: Choose) -> tuple[Lock, tuple[MergedAnswer, ...]]:
    """The answers of both sides as one lock, still to be completed, and what came from where; of one environment.

    Raises what `choose` raises; FieldError where the sides contradict each other in what no choice mends.
    """
    merging = _Merging(sides, wanted, choose)
    merging.merge_inputs()
    runtime = merging.merge_table("runtime", {side: _runtime_of(lock) for side, lock in merging.locks.items()})
    dependencies = merging.merge_table(
        "dependencies", {side: each.dependencies for side, each in merging.locks.items()}
    )
    packages = merging.merge_table("packages", {side: each.packages for side, each in merging.locks.items()})
    used = [*runtime.values(), *dependencies.values(), *packages.values()]
    names = {each.input for each in used}
    names |= {build.index for each in used for build in each.systems.values() if build.index is not None}
    inputs = {name: each for name, each in merging.inputs.items() if name in names or name in wanted.inputs}
    lock = Lock(wanted.fingerprint, inputs, packages, next(iter(runtime.values()), None), dependencies)
    return lock, tuple(merging.answers)


def with_outputs(lock: Lock, known: Iterable[Lock]) -> Lock:
    """The lock with what its derivations turned out to be, as far as any of `known` says so."""
    outputs: dict[str, StorePath] = {}
    for each in known:
        for build in (build for system in ALL_SYSTEMS for build in each.iter_builds(system)):
            if build.output is not None:
                outputs.setdefault(build.derivation, build.output)

    def complete(package: LockedPackage) -> LockedPackage:
        systems = {
            system: build if build.output is not None else replace(build, output=outputs.get(build.derivation))
            for system, build in package.systems.items()
        }
        return replace(package, systems=systems)

    environments = {name: _map_packages(each, complete) for name, each in lock.environments.items()}
    return replace(_map_packages(lock, complete), environments=environments)


def _map_packages(part: Part, change: Callable[[LockedPackage], LockedPackage]) -> Part:
    return replace(
        part,
        packages={name: change(each) for name, each in part.packages.items()},
        dependencies={name: change(each) for name, each in part.dependencies.items()},
        runtime=None if part.runtime is None else change(part.runtime),
    )


def _runtime_of(lock: Lock) -> dict[str, LockedPackage]:
    return {} if lock.runtime is None else {lock.runtime.name: lock.runtime}


class _Merging:
    """Two locks on their way to one."""

    def __init__(self, sides: LockSides, wanted: Wanted, choose: Choose) -> None:
        named = (("ours", sides.ours), ("theirs", sides.theirs), ("base", sides.base))
        self.locks = {side: lock for side, lock in named if lock is not None}
        self.inputs: dict[str, LockedInput] = {}
        self.answers: list[MergedAnswer] = []
        self._wanted = wanted
        self._choose = choose

    def merge_inputs(self) -> None:
        """Those that the manifest has by that name, and those that stand for suites which recipes name."""
        sides = {side: lock.inputs for side, lock in self.locks.items()}
        for name in sorted({name for side, inputs in sides.items() if side != "base" for name in inputs}):
            known = {side: inputs[name] for side, inputs in sides.items() if name in inputs}
            locator = self._wanted.inputs.get(name)
            if locator is not None:
                known = {side: each for side, each in known.items() if each.locator == locator}
            merged = self._merge_input(known)
            if merged is not None:
                self.inputs[name] = merged

    def _merge_input(self, known: Mapping[str, LockedInput]) -> LockedInput | None:
        ours, theirs, base = known.get("ours"), known.get("theirs"), known.get("base")
        if ours is None or theirs is None or ours == theirs:
            return ours or theirs
        joined = join_inputs(ours, theirs)
        if joined is not None:
            return joined
        if base is not None and base in (ours, theirs):
            return theirs if ours == base else ours
        if ours.locator == theirs.locator and ours.locator.startswith(OWN_SETS):
            return ours
        words = _input_words(ours, theirs)
        before = None if base is None else base.revision
        side = self._choose(Contradiction("inputs", ours.name, *words, before))
        return ours if side == "ours" else theirs

    def merge_table(self, table: Table, sides: Mapping[str, Mapping[str, LockedPackage]]) -> dict[str, LockedPackage]:
        """The packages of one table, by their names."""
        names = {name for side, packages in sides.items() if side != "base" for name in packages}
        merged: dict[str, LockedPackage] = {}
        for name in sorted(names):
            known = {side: packages[name] for side, packages in sides.items() if name in packages}
            usable = {side: each for side, each in known.items() if self._is_usable(table, side, each)}
            package = self._merge_package(table, usable)
            if package is not None:
                merged[name] = package
        return merged

    def _is_usable(self, table: Table, side: str, package: LockedPackage) -> bool:
        """Whether what the side's lock calls by the name of an input is what the merged one calls so, and it answers.

        What nobody asked for has to answer nothing; nor has what both sides began with.
        """
        inputs = self.locks[side].inputs
        for name in {package.input, *(build.index for build in package.systems.values() if build.index is not None)}:
            if name not in self.inputs or inputs[name].locator != self.inputs[name].locator:
                return False
        return table != "packages" or side == "base" or self._wanted.answers(package)

    def _merge_package(self, table: Table, known: Mapping[str, LockedPackage]) -> LockedPackage | None:
        ours, theirs, base = known.get("ours"), known.get("theirs"), known.get("base")
        if ours is None and theirs is None:
            return None
        if ours is None or theirs is None:
            return self._take(table, known, "theirs" if ours is None else "ours")
        if agree(ours, theirs):
            self.answers.append(MergedAnswer(table, ours.name, ours.version, "both"))
            return join_packages(ours, theirs)
        for side, other in (("ours", theirs), ("theirs", ours)):
            if base is not None and agree(base, other):
                return self._take(table, known, side)
        younger = None if table == "packages" else _younger(ours, theirs)
        if younger is not None:
            return self._take(table, known, younger, contradicted=True)
        words = _package_words(ours, theirs)
        before = None if base is None else base.version
        return self._take(
            table, known, self._choose(Contradiction(table, ours.name, *words, before)), contradicted=True
        )

    def _take(
        self, table: Table, known: Mapping[str, LockedPackage], side: str, *, contradicted: bool = False
    ) -> LockedPackage:
        package = known[side]
        taken: Side = "ours" if side == "ours" else "theirs"
        self.answers.append(MergedAnswer(table, package.name, package.version, taken, contradicted))
        return package


def agree(first: LockedPackage, second: LockedPackage) -> bool:
    """Whether two answers say the same wherever both say something."""
    if (first.input, first.version) != (second.input, second.version):
        return False
    common = first.systems.keys() & second.systems.keys()
    return all(first.systems[each].artifacts == second.systems[each].artifacts for each in common)


def join_packages(ours: LockedPackage, theirs: LockedPackage) -> LockedPackage:
    """One answer of two that agree."""
    systems = {**theirs.systems, **ours.systems}
    for system in ours.systems.keys() & theirs.systems.keys():
        systems[system] = _join_builds(ours.systems[system], theirs.systems[system])
    lacking = {**theirs.lacking, **ours.lacking}
    return replace(
        ours,
        systems=systems,
        lacking={each: reason for each, reason in lacking.items() if each not in systems},
        # Locking again takes it from the manifest.
        only=ours.only if ours.only == theirs.only else None,
    )


def _join_builds(ours: LockedBuild, theirs: LockedBuild) -> LockedBuild:
    """The one that somebody built already; of two the one whose release is younger."""
    if (ours.output is None) != (theirs.output is None):
        return ours if theirs.output is None else theirs
    return theirs if (theirs.date or "") > (ours.date or "") else ours


def join_inputs(ours: LockedInput, theirs: LockedInput) -> LockedInput | None:
    """Of a suite the younger state, with no release older than either side saw it; None of other inputs."""
    if ours.locator != theirs.locator or not ours.is_index:
        return None
    younger = theirs if max(theirs.releases.values()) > max(ours.releases.values()) else ours
    names = ours.releases.keys() | theirs.releases.keys()
    dates = {name: max(each.releases.get(name, "") for each in (ours, theirs)) for name in sorted(names)}
    return replace(younger, releases=dates)


def _dates(package: LockedPackage) -> dict[System, str]:
    return {system: build.date for system, build in package.systems.items() if build.date is not None}


def _younger(ours: LockedPackage, theirs: LockedPackage) -> Side | None:
    """Which is of a younger release of the same suites throughout; None where there is no telling."""
    if (ours.input, ours.version) != (theirs.input, theirs.version):
        return None
    dates = [(_dates(ours).get(system, ""), _dates(theirs).get(system, "")) for system in ours.systems]
    if ours.systems.keys() != theirs.systems.keys() or not all(mine and other for mine, other in dates):
        return None
    if all(mine >= other for mine, other in dates):
        return "ours"
    return "theirs" if all(mine <= other for mine, other in dates) else None


def _package_words(ours: LockedPackage, theirs: LockedPackage) -> tuple[str, str]:
    """What to call two answers, as shortly as tells them apart."""
    if ours.input != theirs.input:
        return f"{ours.version} from `{ours.input}`", f"{theirs.version} from `{theirs.input}`"
    if ours.version != theirs.version:
        return ours.version, theirs.version
    mine, others = (max(_dates(each).values(), default=None) for each in (ours, theirs))
    if mine != others and mine is not None and others is not None:
        return f"{ours.version} of {mine}", f"{theirs.version} of {others}"
    return f"{ours.version} with {_digest_words(ours, theirs)}", f"{theirs.version} with {_digest_words(theirs, ours)}"


def _digest_words(one: LockedPackage, other: LockedPackage) -> str:
    """The first file that the other has not."""
    for system in sorted(one.systems.keys() & other.systems.keys()):
        there = {each.sha256 for each in other.systems[system].artifacts}
        for artifact in one.systems[system].artifacts:
            if artifact.sha256 not in there:
                return f"`{artifact.filename}` of sha256 {artifact.sha256[:16]}…"
    return "fewer files"


def _input_words(ours: LockedInput, theirs: LockedInput) -> tuple[str, str]:
    if ours.locator != theirs.locator:
        return ours.locator, theirs.locator
    return ours.revision, theirs.revision
