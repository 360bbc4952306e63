"""Does a lock answer a manifest? A pure question with a typed reason for each way it may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devenv.debian.architectures import ARCHITECTURES
from devenv.digest import canonical_json_key
from devenv.lock.model import RUNTIME_NAME, Lock, LockedPackage
from devenv.manifest.locators import is_tree_locator
from devenv.manifest.model import SOURCE_INPUT, SOURCE_LOCATOR, Manifest, Overrides, PackageRequest, TakenPackages
from devenv.system import ALL_SYSTEMS, System

SYSROOT_NAME = "sysroot"
SANDBOX_NAME = "bubblewrap"
BUILD_DEPENDENCIES = (SANDBOX_NAME, SYSROOT_NAME)
"""What every build needs besides the runtime: the root directory that it sees, and what makes the sandbox."""


@dataclass(frozen=True, slots=True)
class PackageNotLocked:
    """The manifest asks for a package that the lock does not have."""

    name: str

    def __str__(self) -> str:
        return f"`{self.name}` is not locked"


@dataclass(frozen=True, slots=True)
class PackageNotWanted:
    """The lock has a package that the manifest does not ask for."""

    name: str

    def __str__(self) -> str:
        return f"`{self.name}` is locked but not asked for"


@dataclass(frozen=True, slots=True)
class RequestChanged:
    """The manifest asks for another version, or from another input, than the lock answers."""

    name: str
    locked: str
    wanted: str

    def __str__(self) -> str:
        return f"`{self.name}` is asked for as `{self.wanted}` but locked for `{self.locked}`"


@dataclass(frozen=True, slots=True)
class InputChanged:
    """The package comes from an input that has another locator in the manifest than in the lock, or is not in it."""

    name: str
    input: str
    locked: str
    wanted: str | None

    def __str__(self) -> str:
        now = "not there any more" if self.wanted is None else f"`{self.wanted}` now"
        return f"`{self.name}` is locked from `{self.locked}`, but the input `{self.input}` is {now}"


@dataclass(frozen=True, slots=True)
class SystemNotLocked:
    """The package is not locked for a system that the manifest asks for.

    Where the manifest names no systems, the lock says of each what the package is there, or why it is not there.
    Merging a branch that adds a package with one that adds a system gives such a lock.
    """

    name: str
    system: System

    def __str__(self) -> str:
        return f"`{self.name}` is not locked for {self.system}"


@dataclass(frozen=True, slots=True)
class ScopeChanged:
    """The manifest's systems or inputs, or what it keeps of packages, are not those that the lock was made for."""

    def __str__(self) -> str:
        return "the systems, the inputs or `keep` changed"


@dataclass(frozen=True, slots=True)
class RestrictionChanged:
    """The manifest restricts the package to other systems than it did when the lock was made, or to none any more."""

    name: str

    def __str__(self) -> str:
        return f"the systems that `{self.name}` is for changed"


@dataclass(frozen=True, slots=True)
class OverridesChanged:
    """The manifest changes something else in how the package is built than it did when the lock was made."""

    name: str

    def __str__(self) -> str:
        return f"what the manifest overrides of `{self.name}` changed"


@dataclass(frozen=True, slots=True)
class DependencyNotLocked:
    """Something is built, and what every build needs is not locked for a system (None: for none)."""

    name: str
    system: System | None = None

    def __str__(self) -> str:
        where = "" if self.system is None else f" for {self.system}"
        return f"`{self.name}`, which builds need, is not locked{where}"


@dataclass(frozen=True, slots=True)
class DependencyNotWanted:
    """The lock has a package that only builds need, and nothing is built."""

    name: str

    def __str__(self) -> str:
        return f"`{self.name}` is locked for builds, and nothing is built"


@dataclass(frozen=True, slots=True)
class EnvironmentNotWanted:
    """The lock has a named environment that the manifest does not have."""

    name: str

    def __str__(self) -> str:
        return f"the environment `{self.name}` is locked but not in the manifest"


@dataclass(frozen=True, slots=True)
class EnvironmentUnsatisfied:
    """What is locked does not answer what a named environment asks for, for a reason that the default does not have."""

    name: str
    reason: Unsatisfied

    def __str__(self) -> str:
        return f"in the environment `{self.name}`: {self.reason}"


Unsatisfied = (
    PackageNotLocked
    | PackageNotWanted
    | RequestChanged
    | RestrictionChanged
    | OverridesChanged
    | InputChanged
    | SystemNotLocked
    | DependencyNotLocked
    | DependencyNotWanted
    | ScopeChanged
    | EnvironmentNotWanted
    | EnvironmentUnsatisfied
)


def manifest_fingerprint(manifest: Manifest) -> str:
    """A digest over what the manifest says beyond single packages: its systems, its inputs, and what it keeps.

    Single packages are left out: each one's request stands beside its answer, so that a change to one package changes
    no line that another change would also touch (DESIGN section 7 asks for both; one digest over all would collide in
    every merge).
    """
    systems = None if manifest.systems is None else sorted(str(system) for system in manifest.systems)
    inputs = dict(manifest.inputs)
    if inputs.get(SOURCE_INPUT) == SOURCE_LOCATOR:
        # Formats 1 and 2 did not know it, and every manifest has it.
        del inputs[SOURCE_INPUT]
    document: dict[str, object] = {"systems": systems, "inputs": inputs}
    trees = {
        name: {"follows": dict(options.follows), "sha256": options.sha256} for name, options in manifest.trees.items()
    }
    if trees:
        # Formats before 4 did not know it.
        document["trees"] = trees
    taken = {name: _taken_key(each.source) for name, each in manifest.environments.items() if each.source is not None}
    if taken:
        document["environments"] = taken
    if manifest.taken:
        document["taken"] = [_taken_key(each) for each in manifest.taken]
    if manifest.keep:
        # Format 1 did not know it: a manifest without it has the fingerprint that it always had.
        document["keep"] = sorted(manifest.keep)
    return canonical_json_key(document)


def _taken_key(taken: TakenPackages) -> list[object]:
    return [taken.input, taken.environment, list(taken.without)]


def iter_unsatisfied(lock: Lock, manifest: Manifest) -> Iterator[Unsatisfied]:
    """Every way in which the lock does not answer the manifest, in any of its environments; nothing where it does."""
    reasons = list(_iter_differing(lock, manifest))
    yield from reasons
    for name in sorted(manifest.environments.keys() | lock.environments.keys()):
        if name not in manifest.environments:
            yield EnvironmentNotWanted(name)
            continue
        for reason in _iter_differing(lock.select(name, manifest), manifest.select(name)):
            if reason not in reasons:
                yield EnvironmentUnsatisfied(name, reason)


def _iter_differing(lock: Lock, manifest: Manifest) -> Iterator[Unsatisfied]:
    """The same of the default environment, or of a manifest and a lock that have no other."""
    if lock.fingerprint != manifest_fingerprint(manifest):
        yield ScopeChanged()
    for name in sorted(manifest.packages.keys() | lock.packages.keys()):
        request, locked = manifest.packages.get(name), lock.packages.get(name)
        if request is None and locked is not None and _is_taken(locked, manifest):
            request = PackageRequest(name, input=locked.input)
        if request is None:
            yield PackageNotWanted(name)
        elif locked is None:
            yield PackageNotLocked(name)
        else:
            yield from _iter_differences(lock, manifest, request, locked)
    if lock.runtime is not None:
        yield from _iter_input_changes(lock, manifest, lock.runtime)
    yield from _iter_dependency_differences(lock, manifest)


def _is_taken(locked: LockedPackage, manifest: Manifest) -> bool:
    """Whether it can be one that another project says; which there have to be, only that project says."""
    return any(locked.input == each.input and locked.name not in each.without for each in manifest.taken)


def overrides_key(overrides: Overrides) -> str | None:
    """What a lock says of `overrides`: a digest over all that they name; None where they change nothing.

    The contents of files are not in it: the derivation covers them.
    """
    if not overrides:
        return None
    return canonical_json_key(
        {
            "patches": list(overrides.patches),
            "source": overrides.source,
            "flags": list(overrides.flags),
            "env": dict(overrides.env),
            "inputs": dict(overrides.inputs),
        }
    )


def builds_anything(manifest: Manifest) -> bool:
    """Whether something of the manifest is built in a sandbox: a package from source, one of its own, or a check."""
    from_source = any(
        request.overrides or manifest.inputs.get(request.input) == SOURCE_LOCATOR
        for request in manifest.packages.values()
    )
    return from_source or bool(manifest.builds or manifest.checks)


def may_build(manifest: Manifest) -> bool:
    """Whether something may be built besides: a package of a tree, of which only its recipe says how it is made."""
    from_trees = (is_tree_locator(manifest.inputs.get(each.input, "")) for each in manifest.packages.values())
    return bool(manifest.taken) or any(from_trees)


def build_systems(manifest: Manifest) -> tuple[System, ...]:
    """The systems for which there has to be what builds need: those of the manifest that there is a sandbox on."""
    return tuple(each for each in manifest.systems or ALL_SYSTEMS if each in ARCHITECTURES)


def _iter_dependency_differences(lock: Lock, manifest: Manifest) -> Iterator[Unsatisfied]:
    """What can be said of dependencies without a recipe: those of every build are there, and none without a build.

    Which further ones there have to be, only recipes say; whoever derives the lock finds out.
    """
    builds = builds_anything(manifest)
    if not builds and not may_build(manifest):
        yield from (DependencyNotWanted(name) for name in sorted(lock.dependencies))
        return
    for name in sorted(lock.dependencies):
        yield from _iter_input_changes(lock, manifest, lock.dependencies[name])
    if not builds and not lock.dependencies:
        # What packages of a tree are built with, if anything, whoever derives the lock finds out.
        return
    systems = build_systems(manifest)
    if systems and lock.runtime is None:
        yield DependencyNotLocked(RUNTIME_NAME)
    for name in BUILD_DEPENDENCIES:
        locked = lock.dependencies.get(name) or lock.packages.get(name)
        if locked is None and systems:
            yield DependencyNotLocked(name)
        elif locked is not None:
            yield from (DependencyNotLocked(name, each) for each in systems if each not in locked.systems)


def _iter_differences(
    lock: Lock, manifest: Manifest, request: PackageRequest, locked: LockedPackage
) -> Iterator[Unsatisfied]:
    name = locked.name
    if (request.version, request.input) != (locked.request, locked.input):
        yield RequestChanged(name, f"{locked.input}:{locked.request}", f"{request.input}:{request.version}")
        return
    if overrides_key(request.overrides) != locked.overrides:
        yield OverridesChanged(name)
    yield from _iter_input_changes(lock, manifest, locked)
    if request.systems != locked.only:
        yield RestrictionChanged(name)
        return
    answered = set(locked.systems)
    systems = wanted_systems(request, manifest)
    if systems is None:
        answered |= set(locked.lacking)
    for system in ALL_SYSTEMS if systems is None else systems:
        if system not in answered:
            yield SystemNotLocked(name, system)


def wanted_systems(request: PackageRequest, manifest: Manifest) -> tuple[System, ...] | None:
    """The systems that the package has to be there for; None where both leave that to the package."""
    if request.systems is None or manifest.systems is None:
        return request.systems or manifest.systems
    return tuple(each for each in manifest.systems if each in request.systems)


def _iter_input_changes(lock: Lock, manifest: Manifest, locked: LockedPackage) -> Iterator[InputChanged]:
    before, now = lock.inputs[locked.input].locator, manifest.inputs.get(locked.input)
    if before != now:
        yield InputChanged(locked.name, locked.input, before, now)
