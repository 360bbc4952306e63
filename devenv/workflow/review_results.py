"""What `diff` and `update` return: plain values, which `devenv.ui` spells for people or for programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devenv.lock.review import InputChange, Review
from devenv.system import System


@dataclass(frozen=True, slots=True)
class InstalledChange:
    """Bytes in the store of all that an environment is, for this machine's system; None: not all of it is there."""

    system: System
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class EndOfLife:
    """A package in a version, or a suite of Debian (`debian:bookworm`), whose makers stop or stopped fixing it.

    `date` is the last day, `YYYY-MM-DD`. `long_term` is that of those who go on, for most of what a suite has.
    """

    name: str
    version: str | None
    date: str
    long_term: str | None = None


@dataclass(frozen=True, slots=True)
class DiffResult:
    """What tells two locks apart. `before` and `after` say in words which they are."""

    before: str
    after: str
    review: Review
    installed: InstalledChange | None = None
    had_lock: bool = True
    """Whether there was a lock before."""
    end_of_life: tuple[EndOfLife, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A package that stays at the version that is locked, since what would answer now is older."""

    name: str
    version: str
    offered: str
    withdrawn: bool = False
    """Whether its makers withdrew ("yanked") the version that is locked."""


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """A lock was answered anew, or with `dry_run` would be; `changed`: it is another than before."""

    project: Path
    changed: bool
    dry_run: bool
    review: Review
    installed: InstalledChange | None = None
    held: tuple[Held, ...] = ()
    end_of_life: tuple[EndOfLife, ...] = ()


@dataclass(frozen=True, slots=True)
class NewerPackage:
    """A package that there is something newer of: `within` its request, which `update` takes, or `beyond` it.

    `revised`: there are other files of the very version that is locked, as a revision of Debian's.
    """

    name: str
    request: str
    locked: str
    within: str | None
    beyond: str | None
    revised: bool = False
    environment: str | None = None
    """The named environment that has it otherwise than the default."""


@dataclass(frozen=True, slots=True)
class OutdatedResult:
    """What is newer than a project's lock."""

    project: Path
    packages: tuple[NewerPackage, ...]
    inputs: tuple[InputChange, ...]
    held: tuple[Held, ...] = ()
    end_of_life: tuple[EndOfLife, ...] = ()
