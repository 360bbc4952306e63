"""Does a lock answer a manifest? A pure question with a typed reason for each way it may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devenv.digest import canonical_json_key
from devenv.lock.model import Lock, LockedPackage
from devenv.manifest.model import SOURCE_INPUT, SOURCE_LOCATOR, Manifest, PackageRequest
from devenv.system import ALL_SYSTEMS, System


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


Unsatisfied = PackageNotLocked | PackageNotWanted | RequestChanged | InputChanged | SystemNotLocked | ScopeChanged


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
    if manifest.keep:
        # Format 1 did not know it: a manifest without it has the fingerprint that it always had.
        document["keep"] = sorted(manifest.keep)
    return canonical_json_key(document)


def iter_unsatisfied(lock: Lock, manifest: Manifest) -> Iterator[Unsatisfied]:
    """Every way in which the lock does not answer the manifest; nothing where it does."""
    if lock.fingerprint != manifest_fingerprint(manifest):
        yield ScopeChanged()
    for name in sorted(manifest.packages.keys() | lock.packages.keys()):
        request, locked = manifest.packages.get(name), lock.packages.get(name)
        if request is None:
            yield PackageNotWanted(name)
        elif locked is None:
            yield PackageNotLocked(name)
        else:
            yield from _iter_differences(lock, manifest, request, locked)
    if lock.runtime is not None:
        yield from _iter_input_changes(lock, manifest, lock.runtime)


def _iter_differences(
    lock: Lock, manifest: Manifest, request: PackageRequest, locked: LockedPackage
) -> Iterator[Unsatisfied]:
    name = locked.name
    if (request.version, request.input) != (locked.request, locked.input):
        yield RequestChanged(name, f"{locked.input}:{locked.request}", f"{request.input}:{request.version}")
        return
    yield from _iter_input_changes(lock, manifest, locked)
    answered = locked.systems.keys() if manifest.systems else locked.systems.keys() | locked.lacking.keys()
    for system in manifest.systems or ALL_SYSTEMS:
        if system not in answered:
            yield SystemNotLocked(name, system)


def _iter_input_changes(lock: Lock, manifest: Manifest, locked: LockedPackage) -> Iterator[InputChanged]:
    before, now = lock.inputs[locked.input].locator, manifest.inputs.get(locked.input)
    if before != now:
        yield InputChanged(locked.name, locked.input, before, now)
