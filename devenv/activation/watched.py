"""The files of a project that decide what its environment is, as they were read: content, times, digest.

Digest and stamps come from one reading, so that what is allowed, what is evaluated and what the hooks compare with are
the same bytes (FAULTS L-03). A file that somebody else could have put there, or that leads out of the project, is not
read at all (FAULTS L-05).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv import fsutil
from devenv.errors import Place, TrustError, UsageError
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


def read_watched_files(project: Path) -> WatchedFiles:
    """Read the project's files. A missing one is no error. Raises as `read_watched_file` does."""
    manifest, lock = (read_watched_file(project, name) for name in WATCHED_NAMES)
    return WatchedFiles(project, manifest, lock)


def content_digest(manifest: bytes | None, lock: bytes | None) -> str:
    """SHA-256, in hexadecimal, over manifest and lock, wherever they lie: what `allow` records."""
    return _digest(b"devenv content 1\n", (manifest, lock))


def file_digest(file: WatchedFile) -> str | None:
    """SHA-256, in hexadecimal, of a further file that can act; None where there is none."""
    return None if file.content is None else hashlib.sha256(file.content).hexdigest()


def project_digest(
    project: Path, manifest: bytes | None, lock: bytes | None, *, frozen: bool = False, environment: str | None = None
) -> str:
    """The same over the path, manifest and lock: what generations are made of.

    `frozen`: with the lock as it is. `environment` is the named one that is made of them; None: the default.
    """
    kind = b"devenv frozen project 1\n" if frozen else b"devenv project 1\n"
    parts = (os.fsencode(project), manifest, lock)
    return _digest(kind, parts if environment is None else (*parts, environment.encode()))


def _digest(kind: bytes, parts: Iterable[bytes | None]) -> str:
    """Each part is written with its length in front, so that none can pass for part of its neighbour.

    A missing one differs from an empty one.
    """
    digest = hashlib.sha256(kind)
    for part in parts:
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    return digest.hexdigest()


def stamp_name(index: int) -> str:
    """The empty file in a generation that has the time of the watched file with this index."""
    return f"{index}.stamp"


def write_stamps(generation: Path, files: Iterable[WatchedFile]) -> None:
    """Put the files' times into `generation`, where the hooks compare them; a missing file has no stamp."""
    fsutil.remove_unfinished(generation)
    for index, file in enumerate(files):
        write_stamp(generation / stamp_name(index), file.changed)


def write_stamp(stamp: Path, changed: int | None) -> None:
    """Make `stamp` an empty file of that time (in nanoseconds); None: there is to be none."""
    if changed is None:
        stamp.unlink(missing_ok=True)
    else:
        fsutil.write_atomic(stamp, b"", 0o600, (changed, changed))


def read_watched_file(project: Path, name: str) -> WatchedFile:
    """Read one file, by its name relative to `project`.

    Raises UsageError (`project-unreadable`), or TrustError where it is not to be believed: it belongs to somebody else
    (`file-foreign`), everybody may write it (`file-writable`), or it lies elsewhere (`file-outside`).
    """
    path = project / name
    try:
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(project)):
            raise TrustError(
                f"`{path}` leads out of the project, to `{real}`",
                hint="put the file itself there",
                place=Place(str(path)),
                slug="file-outside",
            )
        content, status = fsutil.read_regular_status(real, SIZE_LIMIT)
    except FileNotFoundError:
        return WatchedFile(name, None, None)
    except OSError as error:
        raise UsageError(
            f"`{name}` cannot be read: {error.strerror}", place=Place(str(path)), slug="project-unreadable"
        ) from error
    _require_own(path, status)
    return WatchedFile(name, content, status.st_mtime_ns)


def _require_own(path: Path, status: os.stat_result) -> None:
    """Raises TrustError where somebody else decides what `path` says. What root put there is root's word."""
    if status.st_uid not in {os.geteuid(), 0}:
        raise TrustError(
            f"`{path}` belongs to another user",
            hint=f"work as its owner, or make it yours: `chown {os.geteuid()} {path.name}`",
            place=Place(str(path)),
            slug="file-foreign",
        )
    if status.st_mode & stat.S_IWOTH:
        raise TrustError(
            f"`{path}` can be written by everybody",
            hint=f"`chmod o-w {path.name}`",
            place=Place(str(path)),
            slug="file-writable",
        )
