"""Keeps what a lock pins, for the day on which its registry has it no more: `devenv artifacts`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from devenv.environment.project import read_project, require_project_path
from devenv.errors import EvaluationError, FetchError
from devenv.fetch.artifacts import ArtifactCache
from devenv.fetch.downloads import ArtifactRequest, request_pinned
from devenv.fetch.mirror import ArtifactMirror, Mirroring
from devenv.lock.model import Lock
from devenv.system import ALL_SYSTEMS, System
from devenv.workflow.results import MirrorResult
from devenv.workflow.tools import Tools


def mirror_artifacts(tools: Tools, start: Path, directory: Path, systems: Collection[System]) -> MirrorResult:
    """Bring every file that the lock of the project here pins for `systems` (none: all) into `directory`.

    Nothing of the project acts, so it need not be allowed. Raises UsageError, EvaluationError, FetchError.
    """
    path = require_project_path(start)
    lock = read_project(path).require_lock()
    chosen = _choose_systems(lock, systems)
    requests = _list_requests(lock, chosen)
    with ArtifactCache(tools.settings, tools.places) as cache:
        done = ArtifactMirror(directory, cache, tools.places, tools.report).fill(requests)
    _require_all(done)
    written = [each.request.size for each in done if each.written]
    return MirrorResult(
        project=path,
        directory=directory,
        systems=chosen,
        count=len(requests),
        size=sum(request.size for request in requests),
        written=len(written),
        written_size=sum(written),
    )


def _choose_systems(lock: Lock, systems: Collection[System]) -> tuple[System, ...]:
    """Those of `systems` (none: of all) that the lock has something for, in the order of their names.

    Raises EvaluationError (`system-missing`) where a system was named in vain.
    """
    known = {system for system in ALL_SYSTEMS if lock.covers(system) or any(True for _ in lock.iter_pinned({system}))}
    for system in systems:
        if system not in known:
            raise EvaluationError(
                f"the lock has nothing for `{system}`",
                hint=f"it is for {', '.join(map(str, sorted(known)))}",
                slug="system-missing",
            )
    return tuple(system for system in ALL_SYSTEMS if system in known and (not systems or system in systems))


def _list_requests(lock: Lock, systems: Collection[System]) -> list[ArtifactRequest]:
    """Each file once, in the order of their names."""
    by_digest: dict[str, ArtifactRequest] = {}
    for pinned in lock.iter_pinned(systems):
        by_digest.setdefault(pinned.artifact.sha256, request_pinned(pinned))
    return sorted(by_digest.values(), key=lambda request: (request.name, request.sha256))


def _require_all(done: Iterable[Mirroring]) -> None:
    """Raise the first failure; it names the files of the others."""
    failed = [(each.request, each.failure) for each in done if each.failure is not None]
    if failed:
        failure = failed[0][1]
        failure.details += tuple(_iter_further(failed[1:]))
        raise failure


def _iter_further(failed: Iterable[tuple[ArtifactRequest, FetchError]]) -> Iterator[str]:
    for request, failure in failed:
        yield f"also: {failure.message} ({request.locator})"
