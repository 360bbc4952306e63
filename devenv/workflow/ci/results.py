"""What `devenv ci` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.errors import DevenvError
from devenv.store_path import StorePath
from devenv.workflow.build_results import CheckOutcome

if TYPE_CHECKING:
    from devenv.store.verification import Finding

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a run: its name, what became of it, how long it took, and what there is to say of it."""

    name: str
    status: str
    seconds: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class CiFailure:
    """Why the run failed, as errors say it. `exit_code` is that of the process."""

    domain: str
    slug: str
    message: str
    hint: str | None
    place: str | None
    details: tuple[str, ...]
    exit_code: int


def describe_failure(error: DevenvError) -> CiFailure:
    """The same as plain values."""
    place = None if error.place is None else str(error.place)
    return CiFailure(error.domain, error.slug, error.message, error.hint, place, error.details, error.exit_code)


@dataclass(frozen=True, slots=True)
class CiVerification:
    """How the closure was compared with its names.

    Of `objects`, `read` were hashed in this run: as they came, or as they lay there. The others were when they came or
    later, and have not changed since, as far as the file system tells.
    """

    objects: int
    size: int
    read: int
    outputs: int
    """How many objects the lock names, all of which were compared with it."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class CiResult:
    """One run, whatever became of it; what was not reached is None."""

    project: Path
    system: str
    key: str
    """What a cache of the closure's archive is called by."""
    stages: tuple[Stage, ...]
    environment: StorePath | None = None
    verification: CiVerification | None = None
    checks: tuple[CheckOutcome, ...] = ()
    seconds: float = 0.0
    failure: CiFailure | None = None

    @property
    def passed(self) -> bool:
        """Whether everything did."""
        return self.failure is None


@dataclass(frozen=True, slots=True)
class CiKeyResult:
    """The key of a project's archive."""

    key: str


@dataclass(frozen=True, slots=True)
class CiTemplateResult:
    """A file to start from."""

    name: str
    content: str
