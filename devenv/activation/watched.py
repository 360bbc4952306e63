"""The files of a project that decide what its environment is, as they were read: content, times, digest.

Digest and stamps come from one reading, so that what is allowed, what is evaluated and what the hooks compare with are
the same bytes (FAULTS L-03).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv import fsutil
from devenv.errors import Place, UsageError
from devenv.project_names import WATCHED_NAMES

SIZE_LIMIT = 16 << 20
"""Bytes of each file: a lock of a thousand packages for four systems takes one or two megabytes."""


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """One file as it was read; `content` and `changed` are None where there is none."""

    name: str
    content: bytes | None
    changed: int | None
    """Time of the last modification in nanoseconds, taken before reading: a later write shows in the time."""


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
    manifest, lock = (read_watched_file(project, name) for name in WATCHED_NAMES)
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


def stamp_name(index: int) -> str:
    """The empty file in a generation that has the time of the watched file with this index."""
    return f"{index}.stamp"


def write_stamps(generation: Path, files: Iterable[WatchedFile]) -> None:
    """Put the files' times into `generation`, where the hooks compare them; a missing file has no stamp."""
    fsutil.remove_unfinished(generation)
    for index, file in enumerate(files):
        stamp = generation / stamp_name(index)
        if file.changed is None:
            stamp.unlink(missing_ok=True)
        else:
            fsutil.write_atomic(stamp, b"", 0o600, (file.changed, file.changed))


def read_watched_file(project: Path, name: str) -> WatchedFile:
    """Read one file, by its name relative to `project`. Raises UsageError (`project-unreadable`)."""
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
