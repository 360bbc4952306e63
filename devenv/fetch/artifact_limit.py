"""Keeps the artifact cache below its limit: what was not used for longest goes first, nothing that is being read goes.

    <artifacts>/tally   bytes at the last count, and those of each file that came since, a line each
    <artifacts>/lock    held by the one process that cleans

An artifact's time is that of its last use: `ArtifactCache.find` sets it. Counting a large cache takes a tenth of a
second, so it is not counted after each download: the tally tells when it has to be. It is emptied before a count and
closed after it, so that what arrives meanwhile is counted twice and never missed; whatever else happens to it (a torn
line, a full disk) makes it unreadable, and the cache is counted again.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from devenv.digest import SHA256_HEX
from devenv.fault_points import fault_point
from devenv.fetch.artifact_use import ArtifactUse, find_abandoned, find_in_use, in_use_path, remove_abandoned
from devenv.fetch.eviction import Amount, CachedFile, Cleaning, iter_cached, make_cleaning, plan_eviction
from devenv.fsutil import DISK_FULL, locked, read_regular

SHARD = re.compile(r"[0-9a-f]{2}", re.ASCII)

COMPLETE = "sha256"
"""The directory of the files that are complete, by name."""

TALLY_LIMIT = 1 << 18
"""Bytes: some ten thousand downloads, after which a count is due anyway."""
TALLY_LINE = re.compile(r"([=+])([0-9]{1,18})", re.ASCII)


def complete_path(artifacts: Path) -> Path:
    """The directory of the files that are complete."""
    return artifacts / COMPLETE


def relative_path(sha256: str) -> str:
    """Where below a cache or a store the complete file with that hash lies. Raises ValueError where it is no hash."""
    if SHA256_HEX.fullmatch(sha256) is None:
        raise ValueError(f"{sha256!r} is no SHA-256")
    return f"{COMPLETE}/{sha256[:2]}/{sha256}"


def partial_path(artifacts: Path) -> Path:
    """The directory of the files that are on their way."""
    return artifacts / "partial"


def list_artifacts(artifacts: Path) -> list[CachedFile]:
    """All files in the cache, in no order."""
    return list(iter_cached(complete_path(artifacts), SHARD, SHA256_HEX))


def note_arrival(artifacts: Path, size: int) -> None:
    """Add a file that has just appeared in the cache, of `size` bytes, to the tally."""
    try:
        _append(artifacts, f"+{size}")
    except OSError:
        _forget(artifacts)


def keep_limit(artifacts: Path, limit: int) -> Amount:
    """Clean the cache where it may have grown beyond `limit` bytes; returns what was removed.

    A tenth of the limit becomes free, so that the next download does not clean again. Where another process is
    cleaning, or nothing can be removed, this one leaves it at that.
    """
    tally = read_tally(artifacts)
    if tally is not None and tally <= limit:
        return Amount()
    with contextlib.suppress(OSError), locked(artifacts / "lock", wait=False) as held:
        if held:
            return _clean(artifacts, limit, limit - limit // 10).removed
    return Amount()


def clean_artifacts(artifacts: Path, limit: int) -> Cleaning:
    """Remove what is beyond `limit` bytes, and what killed processes left. Waits for another process that cleans.

    Raises OSError where something cannot be removed.
    """
    if not artifacts.is_dir():
        return Cleaning(Amount(), Amount(), 0)
    with locked(artifacts / "lock"):
        return _clean(artifacts, limit, limit)


def plan_cleaning(artifacts: Path, limit: int) -> Cleaning:
    """What `clean_artifacts` would do."""
    leftovers = sum(len(find_abandoned(place(artifacts))) for place in (in_use_path, partial_path))
    files = list_artifacts(artifacts)
    return make_cleaning(files, plan_eviction(files, limit, find_in_use(artifacts)), leftovers)


def _clean(artifacts: Path, limit: int, room: int) -> Cleaning:
    """Where there is more than `limit`, remove until at most `room` bytes stay. The caller holds the lock."""
    leftovers = sum(remove_abandoned(place(artifacts)) for place in (in_use_path, partial_path))
    _forget(artifacts)
    files = list_artifacts(artifacts)
    beyond = sum(file.size for file in files) > limit or limit == 0
    planned = plan_eviction(files, room, find_in_use(artifacts)) if beyond else []
    cleaning = make_cleaning(files, _evict(artifacts, planned), leftovers)
    with contextlib.suppress(OSError):
        _append(artifacts, f"={cleaning.kept.size}")
    return cleaning


def _evict(artifacts: Path, files: Sequence[CachedFile]) -> list[CachedFile]:
    """Remove `files`; returns those that have gone. What a process claims at this moment stays readable for it."""
    use = ArtifactUse(artifacts)
    evicted = []
    with contextlib.closing(use):
        for file in files:
            path = complete_path(artifacts) / file.directory / file.name
            if _can_be_claimed(use, path):
                fault_point("artifact.evict")
                path.unlink(missing_ok=True)
                use.release(file.name)
                evicted.append(file)
    return evicted


def _can_be_claimed(use: ArtifactUse, path: Path) -> bool:
    """Whether those who use the file could have a name of their own for it.

    Where they could not (a file system without hard links, a file of another user), nothing tells whether it is being
    read, and it stays. On a full disk names cannot be made either: there room comes first.
    """
    try:
        use.claim(path)
    except FileNotFoundError:
        return True
    except OSError as error:
        return error.errno in DISK_FULL
    return True


def read_tally(artifacts: Path) -> int | None:
    """The bytes that the cache holds at most; None where it has to be counted."""
    try:
        lines = read_regular(artifacts / "tally", TALLY_LIMIT).decode("ascii").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    found = [TALLY_LINE.fullmatch(line) for line in lines[:-1]]
    if lines[-1] or not all(found) or sum(line[0] == "=" for line in lines[:-1]) != 1:
        return None
    return sum(int(match[2]) for match in found if match is not None)


def _append(artifacts: Path, line: str) -> None:
    """One write of a short line: whole, beside those of other processes."""
    descriptor = os.open(artifacts / "tally", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def _forget(artifacts: Path) -> None:
    """Empty the tally where it stands: who has it open already must go on adding to this file."""
    with contextlib.suppress(OSError):
        os.truncate(artifacts / "tally", 0)
