"""What the user allowed or denied: exact content at an exact path, recorded in the state directory.

    <state>/trust/<SHA-256 of the path>.json   the record: what was allowed here, or that it was denied, 0600
                  <SHA-256 of the path>.last   what was allowed last, to compare with (`devenv.activation.last_allowed`)
                  lock                         held while records change

A record holds the last contents that were allowed, so that going back and forth between two of them asks nothing; a
denial takes all of them away (FAULTS L-06). Whatever cannot be read, or could have been written by somebody else,
allows nothing (FAULTS E-07, L-08). Nothing from the environment is asked (FAULTS L-09).
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv import fsutil
from devenv.activation.last_allowed import LAST_LIMIT, LastAllowed, format_last, parse_last
from devenv.activation.state import deactivate_project, silence_project, unsilence_project
from devenv.activation.trust_records import (
    CONTENT_LIMIT,
    RECORD_LIMIT,
    Record,
    format_record,
    parse_record,
)
from devenv.errors import ActivationError, Place, TrustError
from devenv.settings import Settings

RECORD_SUFFIX, LAST_SUFFIX = ".json", ".last"


class Trust(enum.Enum):
    """What the user said of a project's content."""

    ALLOWED = "allowed"
    """This content, at this path."""
    CHANGED = "changed"
    """Other content at this path."""
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Content:
    """What a project holds now, as far as trust is about it.

    The further files are known only to whoever knows what the manifest says, and that is read only where it was
    allowed: so they are asked for by functions.
    """

    digest: str
    """Of manifest and lock (`devenv.activation.watched.content_digest`)."""
    placed: str
    """Of the path as well: what records of format 1 hold."""
    digests: Callable[[Iterable[str]], Mapping[str, str | None]]
    """The digests of further files, by their names."""
    names: Callable[[], Iterable[str]]
    """The further files that the manifest names. Called only where manifest and lock were allowed."""


def trust_of(settings: Settings, project: Path, content: Content) -> Trust:
    """What the user said of `project` with this content."""
    record = find_record(settings, project)
    if record is None:
        return Trust.UNKNOWN
    if record.denied:
        return Trust.DENIED
    return Trust.ALLOWED if _has_allowed(record, content) else Trust.CHANGED


def has_allowed(settings: Settings, project: Path, content: Content) -> bool:
    """Whether the user allowed this content at `project`, which may be another directory than the content's own."""
    record = find_record(settings, project)
    return record is not None and not record.denied and _has_allowed(record, content)


def _has_allowed(record: Record, content: Content) -> bool:
    for each in record.allowed:
        if each.content == content.digest and content.digests(each.files) == each.files:
            return True
    # Records of format 1 say nothing of further files: where there are some, they were not allowed.
    return record.placed is not None and record.placed == content.placed and not content.names()


def allow(settings: Settings, project: Path, content: LastAllowed) -> None:
    """Record that this content may act at `project`. `activate_project` then tells the hooks.

    Raises TrustError (`trust-unsafe`), OSError.
    """
    with _changing(settings):
        record = find_record(settings, project)
        before = () if record is None else tuple(each for each in record.allowed if each != content.allowance)
        fsutil.write_atomic(last_path(settings, project), format_last(content), 0o600)
        _write_record(settings, Record(project, int(time.time()), (content.allowance, *before)[:CONTENT_LIMIT]))


def deny(settings: Settings, project: Path) -> None:
    """Take every permission back, take the environment away from shells, and keep the hooks silent about `project`.

    Raises as `allow` does.
    """
    with _changing(settings):
        _write_record(settings, Record(project, int(time.time()), denied=True))
        last_path(settings, project).unlink(missing_ok=True)
    # Where shells cannot follow a project there is nothing to take away.
    with contextlib.suppress(ActivationError):
        silence_project(settings, project)
        deactivate_project(settings, project)


def revoke(settings: Settings, project: Path) -> bool:
    """Forget what was said of `project`, and take its environment away from shells; whether there was anything.

    Raises as `allow` does.
    """
    with _changing(settings):
        known = record_path(settings, project).exists()
        for path in (record_path(settings, project), last_path(settings, project)):
            path.unlink(missing_ok=True)
    with contextlib.suppress(ActivationError):
        deactivate_project(settings, project)
        unsilence_project(settings, project)
    return known


def find_last(settings: Settings, project: Path) -> LastAllowed | None:
    """What was allowed last at `project`; None where nothing was, or it is not known any more."""
    record = find_record(settings, project)
    kept = _read_own(last_path(settings, project), LAST_LIMIT)
    last = None if kept is None else parse_last(kept)
    if record is None or last is None or record.denied or record.allowed[:1] != (last.allowance,):
        return None
    return last


def iter_records(settings: Settings) -> Iterator[Record]:
    """All records that count, in the order of their paths."""
    try:
        names = os.listdir(settings.state / "trust")
    except OSError:
        return
    records = []
    for name in names:
        record = _read_record(settings.state / "trust" / name) if name.endswith(RECORD_SUFFIX) else None
        if record is not None and record_path(settings, record.project).name == name:
            records.append(record)
    yield from sorted(records, key=_by_path)


def _by_path(record: Record) -> bytes:
    return os.fsencode(record.project)


def find_record(settings: Settings, project: Path) -> Record | None:
    """The record of `project`, if it is one that only this user can have written."""
    record = _read_record(record_path(settings, project))
    return record if record is not None and record.project == project else None


def record_path(settings: Settings, project: Path) -> Path:
    """Where the record of a project lies."""
    return settings.state / "trust" / (hashlib.sha256(os.fsencode(project)).hexdigest() + RECORD_SUFFIX)


def last_path(settings: Settings, project: Path) -> Path:
    """Where that lies which was allowed last."""
    return record_path(settings, project).with_suffix(LAST_SUFFIX)


def _read_own(path: Path, limit: int) -> bytes | None:
    """The content of a file in the directory of records, if only this user can have written it."""
    try:
        if not (_is_ours(path) and _is_ours(path.parent)):
            return None
        return fsutil.read_regular(path, limit)
    except OSError:
        return None


def _read_record(path: Path) -> Record | None:
    content = _read_own(path, RECORD_LIMIT)
    return None if content is None else parse_record(content)


def _write_record(settings: Settings, record: Record) -> None:
    fsutil.write_atomic(record_path(settings, record.project), format_record(record), 0o600)


@contextlib.contextmanager
def _changing(settings: Settings) -> Iterator[None]:
    """Hold the records against other processes: each change builds on the one before."""
    directory = fsutil.make_private_directory(settings.state / "trust")
    if not _is_ours(directory):
        raise TrustError(
            f"`{directory}` belongs to another user or can be written by others: nothing that it says would count",
            hint="work as its owner, and `chmod go-w` it",
            place=Place(str(directory)),
            slug="trust-unsafe",
        )
    with fsutil.locked(directory / "lock"):
        fsutil.remove_unfinished(directory)
        yield


def _is_ours(path: Path) -> bool:
    """Whether nobody but this user (or root) could have written `path`."""
    status = path.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid in {os.geteuid(), 0} and not stat.S_ISLNK(status.st_mode) and not status.st_mode & others
