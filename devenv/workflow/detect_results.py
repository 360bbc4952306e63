"""What `devenv init --detect` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devenv.detect.propose import Contradiction, Lacking, ProposedPackage


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that was found but could not be used, and why: the words follow its name and `is`."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class DetectResult:
    """What the files of a directory ask for, as a manifest; `files` are those that were written, relative to it."""

    project: Path
    manifest: str
    packages: tuple[ProposedPackage, ...]
    contradictions: tuple[Contradiction, ...]
    lacking: tuple[Lacking, ...]
    unread: tuple[UnreadFile, ...]
    files: tuple[str, ...]
