"""What the verbs about builds return."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.store_path import StorePath

if TYPE_CHECKING:
    from devenv.build.again import Rebuilt
    from devenv.derivation.compare import Difference


@dataclass(frozen=True, slots=True)
class Built:
    """What was asked for: its object, the key of its derivation, whether it was built now, the link that keeps it."""

    name: str
    path: StorePath
    derivation: str
    fresh: bool
    link: Path | None = None


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What was built or there already, in the order of the names; `rebuilt` is what was built a second time."""

    project: Path
    builds: tuple[Built, ...]
    rebuilt: tuple[Rebuilt, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """A check that passed now, or had passed before on the same content; a failed one has a reason."""

    name: str
    passed: bool
    fresh: bool
    reason: str | None = None
    last_lines: tuple[str, ...] = ()
    derivation: str = ""
    """The key, which `devenv log` takes."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All checks that were asked for."""

    project: Path
    checks: tuple[CheckOutcome, ...]


@dataclass(frozen=True, slots=True)
class DerivationNode:
    """A derivation in a tree. One that was shown before in it has no inputs here, and is `repeated`."""

    name: str
    key: str
    builder: str
    role: str | None
    files: int
    """How many artifacts it reads."""
    output: StorePath | None
    """What it came out as, where that is in the store."""
    inputs: tuple[DerivationNode, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class DerivationResult:
    """A derivation: what its key is made of, and the tree of its inputs."""

    tree: DerivationNode
    document: dict[str, object]


@dataclass(frozen=True, slots=True)
class WhyRebuildResult:
    """What differs between two builds; nothing where they are the same."""

    before: str
    after: str
    differences: tuple[Difference, ...]
