"""What the user allowed or denied: exact content at an exact path, recorded in the state directory.

    <state>/trust/<SHA-256 of the path>.json   {"format", "path", "digest"}, 0600; a digest of null denies

There is one record for a project: the last word of the user counts, whatever was said of the same content before
(FAULTS L-06). Whatever cannot be read, or could have been written by somebody else, allows nothing (FAULTS E-07, L-08).
Nothing from the environment is asked (FAULTS L-09).
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from devenv import fsutil
from devenv.activation.state import deactivate_project, silence_project
from devenv.errors import ActivationError
from devenv.settings import Settings

FORMAT = 1
SIZE_LIMIT = 64 << 10
"""Bytes of a record: a path with every byte escaped is shorter."""


class Trust(enum.Enum):
    """What the user said of a project's content."""

    ALLOWED = "allowed"
    """This content, at this path."""
    CHANGED = "changed"
    """Other content at this path."""
    DENIED = "denied"
    UNKNOWN = "unknown"


def trust_of(settings: Settings, project: Path, digest: str) -> Trust:
    """What the user said of `project` with content `digest` (see `devenv.activation.watched`)."""
    record = _find_record(settings, project)
    if record is None:
        return Trust.UNKNOWN
    if record["digest"] is None:
        return Trust.DENIED
    return Trust.ALLOWED if record["digest"] == digest else Trust.CHANGED


def allow(settings: Settings, project: Path, digest: str) -> None:
    """Record that content `digest` may act at `project`. `activate_project` then tells the hooks."""
    _write_record(settings, project, digest)


def deny(settings: Settings, project: Path) -> None:
    """Take every permission back, take the environment away from shells, and keep the hooks silent about `project`."""
    _write_record(settings, project, None)
    # Where shells cannot follow a project there is nothing to take away.
    with contextlib.suppress(ActivationError):
        silence_project(settings, project)
        deactivate_project(settings, project)


def _record_path(settings: Settings, project: Path) -> Path:
    return settings.state / "trust" / f"{hashlib.sha256(os.fsencode(project)).hexdigest()}.json"


def _write_record(settings: Settings, project: Path, digest: str | None) -> None:
    path = _record_path(settings, project)
    fsutil.remove_unfinished(fsutil.make_private_directory(path.parent))
    record = {"format": FORMAT, "path": str(project), "digest": digest}
    fsutil.write_atomic(path, json.dumps(record, sort_keys=True).encode("ascii") + b"\n", 0o600)


def _find_record(settings: Settings, project: Path) -> dict[str, Any] | None:
    """The record of `project`, if it is one that only this user can have written."""
    path = _record_path(settings, project)
    try:
        if not (_is_ours(path) and _is_ours(path.parent)):
            return None
        record = json.loads(fsutil.read_regular(path, SIZE_LIMIT))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or set(record) != {"format", "path", "digest"}:
        return None
    return record if (record["format"], record["path"]) == (FORMAT, str(project)) else None


def _is_ours(path: Path) -> bool:
    """Whether nobody but this user (or root) could have written `path`."""
    status = path.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid in {os.geteuid(), 0} and not stat.S_ISLNK(status.st_mode) and not status.st_mode & others
