"""What merging locks returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.lock.merge import MergedAnswer
from devenv.system import System
from devenv.workflow.results import PackageVersion


@dataclass(frozen=True, slots=True)
class LockMergeResult:
    """Two sides of a lock were merged, and the lock answers the manifest.

    `taken`: whose answer each package has that one side alone had or changed, or that both have otherwise; `asked`:
    names of packages that neither side answers, which were locked anew.
    """

    project: Path
    taken: tuple[MergedAnswer, ...]
    asked: tuple[str, ...]
    packages: tuple[PackageVersion, ...]
    systems: tuple[System, ...]
    lacking: Mapping[System, str]


@dataclass(frozen=True, slots=True)
class MergeDriverResult:
    """Git merges locks of this repository with devenv; `attributes` is the file that says so, for all clones."""

    attributes: Path
    changed: bool
    """Whether that file did not say so before."""
