"""The artifact cache: files by their SHA-256, each downloaded once, by whichever process comes first.

    <directory>/sha256/ab/abcd…     complete and verified, read-only
    <directory>/partial/abcd…       on its way; whoever holds the lock beside it owns it
    <directory>/partial/abcd….lock
    <directory>/in-use/…            names under which processes read (see `artifact_use`)
    <directory>/tally, lock         how much there is, and who cleans (see `artifact_limit`)

A file appears under its hash by a rename, after it was verified and synced. A partial file whose lock nobody holds was
left by a process that was killed, and is removed by the next one that downloads. The paths that callers get are names
of their own: a file stays readable there until `close`, though the limit may drive it out of the cache. What was found
is checked again before it is used (`verify_file`): a disk forgets too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from devenv.errors import FetchError
from devenv.events import Detail, Report, ignore
from devenv.fetch.artifact_limit import keep_limit, note_arrival, partial_path, relative_path
from devenv.fetch.artifact_use import ArtifactUse, in_use_path, remove_abandoned
from devenv.fetch.downloads import ArtifactRequest, write_error
from devenv.fetch.http_errors import OFFLINE
from devenv.fetch.places import ArtifactPlaces
from devenv.fetch.transfers import finish_file, new_file, reported, transfer
from devenv.fsutil import locked, make_private_directory, sync_directory
from devenv.settings import Settings
from devenv.sizes import format_size
from devenv.workers import run_parallel

PARALLEL_DOWNLOADS = 4


class ArtifactCache:
    """Files by hash, fetched from `places`. Safe to use from several threads and processes.

    A context manager: what `find` and `fetch` return can be read until its end.
    """

    def __init__(self, settings: Settings, places: ArtifactPlaces) -> None:
        self._directory = settings.artifacts
        self._partial = partial_path(self._directory)
        self._limit = settings.artifact_limit
        self._offline = settings.offline
        self._places = places
        self._use = ArtifactUse(self._directory)

    def __enter__(self) -> Self:
        # Here and not when something is claimed: most runs find all they need in the store and claim nothing.
        with contextlib.suppress(OSError):
            remove_abandoned(in_use_path(self._directory))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files that were found and fetched; the cache may be used again."""
        self._use.close()

    def artifact_path(self, sha256: str) -> Path:
        """Where the cache keeps the file with that hash. Raises ValueError where `sha256` is no hash."""
        return self._directory / relative_path(sha256)

    def find(self, sha256: str) -> Path | None:
        """The file with that hash, where it is here; it was verified when it came. This counts as a use of it."""
        path = self.artifact_path(sha256)
        if not path.is_file():
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        try:
            return self._use.claim(path)
        except FileNotFoundError:
            return None
        except OSError:
            # A cache that cannot be written, or a file system without hard links: there `artifact_limit` removes none.
            return path

    def discard(self, sha256: str) -> None:
        """Forget a file that turned out to be damaged, so that the next `fetch` brings it afresh."""
        self._use.release(sha256)
        self.artifact_path(sha256).unlink(missing_ok=True)

    def fetch(self, requests: Sequence[ArtifactRequest], report: Report = ignore) -> Mapping[str, Path]:
        """The files of all `requests` by their SHA-256; what is not here is downloaded, several at once.

        Raises FetchError (`cache-unwritable`), or as `transfer` does. What was complete by then stays.
        """
        paths: dict[str, Path] = {}
        wanted: dict[str, ArtifactRequest] = {}
        for request in requests:
            path = self.find(request.sha256)
            if path is not None:
                paths[request.sha256] = path
            else:
                wanted[request.sha256] = request
        if wanted:
            self._prepare()
            if self._offline:
                self._require_local(wanted.values(), report)
            tasks = [partial(self._fetch_one, request, report) for request in wanted.values()]
            paths |= zip(wanted, run_parallel(tasks, PARALLEL_DOWNLOADS), strict=True)
            removed = keep_limit(self._directory, self._limit)
            if removed.count:
                report(Detail(f"removed {removed.count} downloads not used for long ({format_size(removed.size)})"))
        return paths

    def _require_local(self, wanted: Iterable[ArtifactRequest], report: Report) -> None:
        """Fetch what directories of this machine have. Raises FetchError (`offline`), which names what they lack."""
        missing = []
        for request in wanted:
            try:
                self._fetch_one(request, report)
            except FetchError as error:
                if error.slug not in {OFFLINE, "artifact-missing", "registry-unconfigured"}:
                    raise
                missing.append(request)
        if missing:
            size = format_size(sum(request.size for request in missing))
            count = "one file" if len(missing) == 1 else f"{len(missing)} files"
            raise FetchError(
                f"devenv is offline, and {count} of {size} would have to be fetched",
                details=tuple(f"{each.locator} ({format_size(each.size)})" for each in missing),
                hint="run it once without `--offline`, import an archive of the store, or name a directory that has "
                "them as one of the `artifact_stores` in devenv's settings",
                slug="offline",
            )

    def _prepare(self) -> None:
        try:
            remove_abandoned(make_private_directory(self._partial))
        except OSError as error:
            raise write_error(error, self._partial) from error

    def _fetch_one(self, request: ArtifactRequest, report: Report) -> Path:
        lock = self._partial / f"{request.sha256}.lock"
        with contextlib.ExitStack() as stack:
            if not stack.enter_context(locked(lock, wait=False)):
                report(Detail(f"another devenv is downloading `{request.name}`; waiting for it"))
                stack.enter_context(locked(lock))
            stack.callback(lock.unlink, missing_ok=True)
            path = self.find(request.sha256)
            return path if path is not None else self._download(request, report)

    def _download(self, request: ArtifactRequest, report: Report) -> Path:
        temporary = self._partial / request.sha256
        path = self.artifact_path(request.sha256)
        try:
            with reported(request, report) as advanced:
                with new_file(temporary) as file:
                    transfer(self._places, request, file, advanced, report)
                    finish_file(file, 0o444)
                claimed = self._publish(temporary, path)
                note_arrival(self._directory, request.size)
        except OSError as error:
            raise write_error(error, path) from error
        finally:
            temporary.unlink(missing_ok=True)
        return claimed

    def _publish(self, temporary: Path, path: Path) -> Path:
        """Put a complete file in its place; returns the name under which this process reads it."""
        make_private_directory(path.parent)
        # Claimed before anybody can see it: from then on a cleaning may take it.
        try:
            claimed = self._use.claim(temporary)
        except OSError:
            claimed = path
        os.replace(temporary, path)
        sync_directory(path.parent)
        return claimed


def verify_file(path: Path, sha256: str) -> bool:
    """Whether the content of `path` has that hash. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
