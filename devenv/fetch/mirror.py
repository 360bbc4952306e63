"""Fills a directory with pinned files by their hashes, for others to take them from (`artifact_stores`).

    <directory>/sha256/ab/abcd…     complete and verified, readable by everybody
    <directory>/partial/abcd…       on its way; whoever holds the lock beside it owns it
    <directory>/partial/abcd….lock

A file appears under its hash by a rename, after it was verified and synced. Several projects, and several processes at
once, may fill one directory: what is there and right stays. What comes from the artifact cache is copied; what does not
goes straight into the directory, so that files for other machines drive nothing out of the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from devenv.errors import FetchError
from devenv.events import Detail, Report, work
from devenv.fault_points import fault_point
from devenv.fetch.artifact_limit import partial_path, relative_path
from devenv.fetch.artifact_use import remove_abandoned
from devenv.fetch.artifacts import PARALLEL_DOWNLOADS, ArtifactCache, verify_file
from devenv.fetch.downloads import ArtifactRequest
from devenv.fetch.places import ArtifactPlaces
from devenv.fetch.transfers import finish_file, new_file, reported, transfer
from devenv.fsutil import NamedErrors, locked, make_private_directory, make_public_directory, sync_directory
from devenv.workers import run_parallel

COPY_STEP = 1 << 20
"""Bytes that are copied at once."""

LOST = frozenset({"artifact-missing", "hash-mismatch"})
"""Failures of one file that say nothing about the others."""


@dataclass(frozen=True, slots=True)
class Mirroring:
    """What was done for one file: whether it was written, and why it could not be had."""

    request: ArtifactRequest
    written: bool = False
    failure: FetchError | None = None


class ArtifactMirror:
    """The directory. Its files are taken from `cache`, else fetched from `places`."""

    def __init__(self, directory: Path, cache: ArtifactCache, places: ArtifactPlaces, report: Report) -> None:
        self._directory = directory
        self._partial = partial_path(directory)
        self._cache = cache
        self._places = places
        self._report = report

    def fill(self, requests: Sequence[ArtifactRequest]) -> list[Mirroring]:
        """Bring what is missing or damaged, several files at once; returns what became of each, in their order.

        A file that is lost does not keep the others away. Raises FetchError where a server fails otherwise, OSError
        where the directory cannot be written; what was complete by then stays.
        """
        make_public_directory(self._directory)
        remove_abandoned(make_private_directory(self._partial))
        with work(self._report, f"filling {self._directory}", sum(request.size for request in requests)) as advanced:
            tasks = [partial(self._mirror, request, advanced) for request in requests]
            return run_parallel(tasks, PARALLEL_DOWNLOADS)

    def _mirror(self, request: ArtifactRequest, advanced: Callable[[int], None]) -> Mirroring:
        done = self._try_mirror(request)
        advanced(request.size)
        return done

    def _try_mirror(self, request: ArtifactRequest) -> Mirroring:
        path = self._directory / relative_path(request.sha256)
        try:
            with NamedErrors(path):
                return Mirroring(request, written=not self._is_there(path, request) and self._add(path, request))
        except FetchError as error:
            if error.slug not in LOST:
                raise
            return Mirroring(request, failure=error)

    def _is_there(self, path: Path, request: ArtifactRequest) -> bool:
        """Whether the file is there already, and right."""
        if not path.is_file():
            return False
        if path.stat().st_size == request.size and verify_file(path, request.sha256):
            return True
        self._report(Detail(f"`{request.name}` is damaged in `{self._directory}` and will be replaced"))
        return False

    def _add(self, path: Path, request: ArtifactRequest) -> bool:
        """Whether this process put the file there; False: another one did meanwhile."""
        temporary = self._partial / request.sha256
        lock = self._partial / f"{request.sha256}.lock"
        with locked(lock), contextlib.ExitStack() as stack:
            stack.callback(lock.unlink, missing_ok=True)
            stack.callback(temporary.unlink, missing_ok=True)
            if self._is_there(path, request):
                return False
            with new_file(temporary) as file:
                if not self._copy(request, file):
                    with reported(request, self._report) as advanced:
                        transfer(self._places, request, file, advanced, self._report)
                finish_file(file, 0o644)
            make_public_directory(path.parent)
            fault_point("mirror.publish")
            os.replace(temporary, path)
            sync_directory(path.parent)
        return True

    def _copy(self, request: ArtifactRequest, file: BinaryIO) -> bool:
        """Fill `file` from the artifact cache; False where it is not there, or damaged."""
        cached = self._cache.find(request.sha256)
        if cached is None:
            return False
        hasher = hashlib.sha256()
        with cached.open("rb") as source:
            while chunk := source.read(COPY_STEP):
                hasher.update(chunk)
                file.write(chunk)
        return hasher.hexdigest() == request.sha256
