"""What `tree`, `graph` and `why` tell of an environment: plain values, which `devenv.ui` spells."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.store_path import StorePath
from devenv.system import System


class Part(enum.Enum):
    """Which part of an environment a member is."""

    PACKAGE = "package"
    DEPENDENCY = "dependency"
    RUNTIME = "runtime"
    OBJECT = "object"
    """In the store, and needed by another member, without a table of its own in the lock."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked and who answered, as the lock says it.

    `index` is the input whose index chose the files, with its locator; `date` the time of the release that said so, or
    of the commit that the recipe is from.
    """

    request: str
    input: str
    locator: str
    revision: str
    index: str | None = None
    index_locator: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file that the lock pins: its size in bytes, what it needs to run."""

    name: str
    locator: str
    sha256: str
    size: int
    requires: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """Bytes: of a member itself, with all that it needs, and what of that nothing brings but what needs the member."""

    own: int
    closure: int
    alone: int

    @property
    def shared(self) -> int:
        """What of all that it needs is there for others too."""
        return self.closure - self.alone


@dataclass(frozen=True, slots=True)
class Member:
    """A part of an environment for one system. `key` names it among the members.

    `needs` are the keys of what it refers to, or what its recipe says that it runs on; `made_with` of what it is built
    with; `needed_by` of what needs it to run or is built with it. `installed` is None where the store has not got all
    of it.
    """

    key: str
    part: Part
    name: str
    version: str | None
    question: Question | None
    derivation: str | None
    output: StorePath | None
    present: bool
    files: tuple[PinnedFile, ...]
    needs: tuple[str, ...]
    made_with: tuple[str, ...]
    needed_by: tuple[str, ...]
    download: Measure
    installed: Measure | None


@dataclass(frozen=True, slots=True)
class ClosureResult:
    """An environment for one system: its members by their keys, and which of them were asked for.

    `download` are the bytes of all files, `installed` those in the store where it has all that was asked for. `lacking`
    are packages that cannot be had for the system, each with the reason.
    """

    project: Path
    environment: str
    system: System
    members: Mapping[str, Member]
    asked: tuple[str, ...]
    lacking: Mapping[str, str]
    download: int
    installed: int | None


@dataclass(frozen=True, slots=True)
class TreeResult:
    """An environment from some of its members down; `depth` None: all the way."""

    closure: ClosureResult
    starts: tuple[str, ...]
    depth: int | None = None
    files: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A member in a few words; `size` in bytes, of itself, in the store or to download."""

    name: str
    version: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something of an environment comes from. `kind` is that of a member, or `file`, or `program`.

    `member` is the one that it is or is part of, None where a `file` is of several. `users` are the ways to it from
    packages that were asked for, `needs` what the member needs to run or is made with.
    """

    name: str
    kind: str
    project: Path
    environment: str
    system: System
    member: Member | None
    users: tuple[tuple[Named, ...], ...]
    needs: tuple[Named, ...]
    file: PinnedFile | None = None
    program: str | None = None


@dataclass(frozen=True, slots=True)
class DrawnResult:
    """An environment was drawn into `file`, of `size` bytes."""

    file: Path
    size: int
