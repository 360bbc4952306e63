"""What the verbs that look after the store return."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devenv.generations.roots import Root
from devenv.store.verification import Finding
from devenv.store_path import StorePath
from devenv.workflow.closure.results import Origin


@dataclass(frozen=True, slots=True)
class ProjectUsage:
    """What a project's generations keep, in bytes of contents: `total`, of that `own` what nothing else keeps."""

    project: Path
    presence: str
    generations: int
    total: int
    own: int


@dataclass(frozen=True, slots=True)
class UsageResult:
    """How much the store holds, in bytes of contents. `other`: kept by links and processes and by no project."""

    projects: tuple[ProjectUsage, ...]
    shared: int
    other: int
    dead: int
    total: int
    objects: int


@dataclass(frozen=True, slots=True)
class RemovedGeneration:
    """A generation that went, or would."""

    project: str
    generation: int
    environment: StorePath
    reason: str


@dataclass(frozen=True, slots=True)
class DeletedObject:
    """An object or a leftover that went, or would; `path` is its name in the store, `size` in bytes."""

    path: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class CollectResult:
    """What was collected. `size` is that of the deleted contents; `disk_freed` what unused files gave back already.

    `over_budget`: the bytes that are still too many, where a budget cannot be met. `logs`: records and logs of builds
    that are too old.
    """

    dry_run: bool
    generations: tuple[RemovedGeneration, ...]
    objects: tuple[DeletedObject, ...]
    size: int
    disk_freed: int
    foreign: tuple[str, ...]
    failures: tuple[str, ...]
    over_budget: int | None
    usage: UsageResult
    logs: int = 0


@dataclass(frozen=True, slots=True)
class RootsResult:
    """Everything that keeps objects."""

    roots: tuple[Root, ...]


@dataclass(frozen=True, slots=True)
class WhyResult:
    """Why something is there: what it means here (`origins`), and what keeps its object `path`.

    That is the root and the chain of references from what it keeps to the object. Without a root, nothing keeps it; a
    file that was fetched, and what is not in the store, has no path.
    """

    path: StorePath | None
    root: Root | None
    chain: tuple[StorePath, ...]
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What was damaged and is whole again, and what could not be made again, each with the reason."""

    repaired: tuple[StorePath, ...]
    lost: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class TransferResult:
    """Objects that went into an archive, or came out of one or of another store."""

    paths: tuple[StorePath, ...]
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class LinkResult:
    """A link that keeps an object."""

    link: Path
    path: StorePath
