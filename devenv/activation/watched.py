"""The files of a project that decide what its environment is, as they were read: content, times, digest.

Digest and stamps come from one reading, so that what is allowed, what is evaluated and what the hooks compare with are
the same bytes (FAULTS L-03).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv import fsutil
from devenv.errors import Place, UsageError
from devenv.project_names import LOCK_NAME, MANIFEST_NAME

WATCHED_NAMES = (MANIFEST_NAME, LOCK_NAME)
SIZE_LIMIT = 16 << 20
"""Bytes of each file: a lock of a thousand packages for four systems takes one or two megabytes."""


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """One file as it was read; `content` and `changed` are None where there is none."""

    name: str
    content: bytes | None
    changed: int | None
    """Time of the last modification in nanoseconds, taken before reading: a later write shows in the time."""

    @property
    def stamp_name(self) -> str:
        """The empty file in a generation that has this file's time."""
        return f"{self.name}.stamp"


@dataclass(frozen=True, slots=True)
class WatchedFiles:
    """The manifest and the lock of `project`."""

    project: Path
    manifest: WatchedFile
    lock: WatchedFile

    def __iter__(self) -> Iterator[WatchedFile]:
        return iter((self.manifest, self.lock))

    @property
    def digest(self) -> str:
        """What `allow` records: see `project_digest`."""
        return project_digest(self.project, self.manifest.content, self.lock.content)


def read_watched_files(project: Path) -> WatchedFiles:
    """Read the project's files. A missing one is no error. Raises UsageError (`project-unreadable`)."""
    manifest, lock = (_read_file(project, name) for name in WATCHED_NAMES)
    return WatchedFiles(project, manifest, lock)


def project_digest(project: Path, manifest: bytes | None, lock: bytes | None) -> str:
    """SHA-256, in hexadecimal, over the path and everything in the project that can act.

    Each part is written with its length in front, so that none can pass for part of its neighbour; a missing file
    differs from an empty one.
    """
    digest = hashlib.sha256(b"devenv project 1\n")
    for part in (os.fsencode(project), manifest, lock):
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    return digest.hexdigest()


def write_stamps(generation: Path, files: WatchedFiles) -> None:
    """Put the files' times into `generation`, where the hooks compare them; a missing file has no stamp."""
    fsutil.remove_unfinished(generation)
    for file in files:
        stamp = generation / file.stamp_name
        if file.changed is None:
            stamp.unlink(missing_ok=True)
        else:
            fsutil.write_atomic(stamp, b"", 0o600, (file.changed, file.changed))


def _read_file(project: Path, name: str) -> WatchedFile:
    path = project / name
    try:
        changed = path.stat().st_mtime_ns
        return WatchedFile(name, fsutil.read_regular(path, SIZE_LIMIT), changed)
    except FileNotFoundError:
        return WatchedFile(name, None, None)
    except OSError as error:
        raise UsageError(
            f"`{name}` cannot be read: {error.strerror}", place=Place(str(path)), slug="project-unreadable"
        ) from error
