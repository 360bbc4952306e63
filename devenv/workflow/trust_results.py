"""What `allow`, `deny` and `revoke` return: plain values, which `devenv.ui` spells for people or for programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devenv.store_path import StorePath
from devenv.workflow.results import PackageVersion


@dataclass(frozen=True, slots=True)
class Change:
    """Something that can act and was not allowed so before; `before` and `after` say it in words (None: not there)."""

    kind: str
    """One of `devenv.workflow.allowed_changes.KINDS`."""
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class AllowResult:
    """A project was allowed, or with `dry_run` would be; `changes` are what is new since it was last.

    With `first` nothing was allowed before, or it is not known any more: then all that can act is there.
    `environment` and `generation` are None with `dry_run`; `trust` is what was said of this very content before.
    """

    project: Path
    environment: StorePath | None
    generation: int | None
    packages: tuple[PackageVersion, ...]
    variables: tuple[str, ...]
    has_hook: bool
    content: str
    """The digest of manifest and lock."""
    first: bool
    changes: tuple[Change, ...]
    trust: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project with what was said of it: `trust` is about what it holds now, and `gone` where there is none any more.

    `time` is when it was said, in seconds since the epoch; `contents` is how many are allowed there.
    """

    project: Path
    trust: str
    contents: int
    time: int | None


@dataclass(frozen=True, slots=True)
class KnownProjectsResult:
    """All projects of which something was said."""

    projects: tuple[KnownProject, ...]


@dataclass(frozen=True, slots=True)
class DenyResult:
    """A project was denied."""

    project: Path


@dataclass(frozen=True, slots=True)
class RevokeResult:
    """What was said of a project was forgotten; `known`: there was something."""

    project: Path
    known: bool
