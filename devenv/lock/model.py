"""What a lock says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, Requirement, System

LOCK_VERSION = 1


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """A file, fixed by its hash: where it is (a locator without a host), its size in bytes, what it needs to run."""

    locator: str
    sha256: str
    size: int
    requires: Requirement | None = None


@dataclass(frozen=True, slots=True)
class LockedBuild:
    """A package for one system: its artifacts, the derivation's key, and the object where it is known already."""

    artifacts: tuple[LockedArtifact, ...]
    derivation: str
    output: StorePath | None = None


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package: the request it answers, the version that was chosen, and what that means for each system.

    `lacking` names the systems that it cannot be had for, with the reason in words.
    """

    name: str
    input: str
    request: str
    version: str
    systems: Mapping[System, LockedBuild]
    lacking: Mapping[System, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LockedInput:
    """A package set: its locator and the revision that answered."""

    name: str
    locator: str
    revision: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock. `fingerprint` covers what the manifest says beyond single packages."""

    fingerprint: str
    inputs: Mapping[str, LockedInput]
    packages: Mapping[str, LockedPackage]

    def covers(self, system: System) -> bool:
        """Whether every package is there for the system."""
        return all(system in package.systems for package in self.packages.values())

    @property
    def systems(self) -> tuple[System, ...]:
        """The systems that the whole lock covers, in the order of their names."""
        return tuple(system for system in ALL_SYSTEMS if self.covers(system))
