"""What tells two locks apart, for whoever decides about it, as values; `compare` finds it.

A package whose derivation has another key while its version stayed is built (or taken apart) again; the causes are
those that two locks can tell. What a package is built with no lock says: whoever can plan packages hands it in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from devenv.lock.components import FileChange
from devenv.system import System


class Table(StrEnum):
    """Where in a lock a package stands."""

    PACKAGE = "package"
    DEPENDENCY = "dependency"
    RUNTIME = "runtime"


class Key(NamedTuple):
    """Which package of a lock; `environment` is the named one that has it otherwise, None for the default."""

    environment: str | None
    table: Table
    name: str


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


FindNeeds = Callable[[Key, System], Needs | None]
"""What a package is made with; None where nobody can tell."""


def know_nothing(key: Key, system: System) -> None:
    """For those who cannot plan packages."""
    del key, system


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
    environment: str | None = None
    """The named environment that has it otherwise than the default; None: the default itself."""

    @property
    def title(self) -> str:
        """What to call it: its name, with that of its environment in front."""
        return self.name if self.environment is None else f"{self.environment}: {self.name}"


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
    dates: tuple[str | None, str | None] = (None, None)
    """Of a tree from a repository: when its commits were made."""

    @property
    def goes_back(self) -> bool:
        """Whether a release, or the commit, is older than before."""
        before, after = self.dates
        return any(each.goes_back for each in self.releases) or (
            before is not None and after is not None and after < before
        )


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
    """Those of the default environment first, each in the order of tables (packages first), then of names."""
    downloads: Mapping[System, SizeChange] = field(default_factory=dict)
    """For the systems that one of the locks has something for."""

    def __bool__(self) -> bool:
        """Whether anything is another."""
        return bool(self.inputs or self.packages)
