"""What a lock says, as values that cannot break its grammar: making one raises FieldError.

`parse` makes them of text, `devenv.environment.locking` of answers; `format` writes them, `satisfies` compares them
with a manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from devenv.lock import grammar
from devenv.lock.grammar import FieldError
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, Requirement, System

LOCK_NAME = "devenv.lock"
LOCK_VERSION = 1


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """A file, fixed by its hash: where it is (a locator without a host), its size in bytes, what it needs to run."""

    locator: str
    sha256: str
    size: int
    requires: Requirement | None = None

    def __post_init__(self) -> None:
        grammar.ARTIFACT_LOCATOR.require("locator", self.locator)
        grammar.SHA256.require("sha256", self.sha256)
        grammar.require_size("size", self.size)
        if self.requires is not None:
            grammar.require_requirement("requires", str(self.requires))

    @property
    def filename(self) -> str:
        """The name that the file bears in its registry."""
        from urllib.parse import unquote

        return unquote(self.locator.rpartition("/")[2].removeprefix("pypi:"))


@dataclass(frozen=True, slots=True)
class LockedBuild:
    """A package for one system: its artifacts, the derivation's key, and the object where it is known already.

    The artifacts are in the order in which the recipe is given them.
    """

    artifacts: tuple[LockedArtifact, ...]
    derivation: str
    output: StorePath | None = None

    def __post_init__(self) -> None:
        grammar.KEY.require("derivation", self.derivation)


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package: the request it answers, the version that was chosen, and what that means for each system.

    There is at least one system. `lacking` names those that it cannot be had for, with the reason in words.
    """

    name: str
    input: str
    request: str
    version: str
    systems: Mapping[System, LockedBuild]
    lacking: Mapping[System, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        grammar.PACKAGE.require("name", self.name)
        grammar.INPUT.require("input", self.input)
        grammar.REQUEST.require("request", self.request)
        grammar.VERSION.require("version", self.version)
        for system, reason in self.lacking.items():
            grammar.REASON.require(f"lacking.{system}", reason)
            if system in self.systems:
                raise FieldError(f"lacking.{system}", "contradicts `systems`, which has it")
        if not self.systems:
            raise FieldError("systems", "is missing: a package is there for one system at least")


@dataclass(frozen=True, slots=True)
class LockedInput:
    """A package set: its locator and the revision that answered."""

    name: str
    locator: str
    revision: str

    def __post_init__(self) -> None:
        grammar.INPUT.require("name", self.name)
        grammar.INPUT_LOCATOR.require("locator", self.locator)
        grammar.KEY.require("revision", self.revision)


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock: inputs and packages by their names. `fingerprint` covers what the manifest says beyond packages."""

    fingerprint: str
    inputs: Mapping[str, LockedInput]
    packages: Mapping[str, LockedPackage]

    def __post_init__(self) -> None:
        grammar.KEY.require("fingerprint", self.fingerprint)
        members: list[tuple[str, LockedInput | LockedPackage]] = [*self.inputs.items(), *self.packages.items()]
        for name, member in members:
            if member.name != name:
                raise FieldError(name, f"is where `{member.name}` was put")
        for name, package in self.packages.items():
            if package.input not in self.inputs:
                raise FieldError(f"packages.{name}.input", f"names `{package.input}`, which is not among the inputs")
        sizes: dict[str, int] = {}
        for artifact in self.iter_artifacts():
            if sizes.setdefault(artifact.sha256, artifact.size) != artifact.size:
                raise FieldError("packages", f"give the file {artifact.sha256} two sizes")

    def iter_artifacts(self) -> Iterator[LockedArtifact]:
        """All artifacts; one that several packages or systems use comes once for each use."""
        for package in self.packages.values():
            for build in package.systems.values():
                yield from build.artifacts

    def covers(self, system: System) -> bool:
        """Whether every package is there for the system."""
        return all(system in package.systems for package in self.packages.values())

    @property
    def systems(self) -> tuple[System, ...]:
        """The systems that the whole lock covers, in the order of their names."""
        return tuple(system for system in ALL_SYSTEMS if self.covers(system))
