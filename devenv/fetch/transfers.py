"""One pinned file, from the first place that has it: what the artifact cache and mirrors are filled with.

`devenv.fetch.places` says where to look, `devenv.fetch.downloads` brings a file from one address.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from devenv.debian.suites import DEBIAN
from devenv.errors import FetchError, HashMismatchError
from devenv.events import DownloadAdvanced, DownloadFinished, DownloadStarted, Notice, Report, ignore
from devenv.fetch.addresses import show_address
from devenv.fetch.downloads import ArtifactRequest, Download, mismatch_error
from devenv.fetch.places import ArtifactPlaces, Whereabouts

REPORT_STEP = 1 << 18
"""Bytes between two reports of progress: one for each piece from the network would only cost time."""


@contextlib.contextmanager
def reported(request: ArtifactRequest, report: Report) -> Iterator[Callable[[int], None]]:
    """Report a transfer from its beginning to its end; yields what takes byte counts. Zero: tell what is held back."""
    succeeded = False
    report(DownloadStarted(request.name, request.size))
    try:
        yield _steps(request.name, report)
        succeeded = True
    finally:
        report(DownloadFinished(request.name, succeeded))


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file at `path`, to be written; the caller holds the lock beside it, so what lies there is of the dead."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb", buffering=1 << 20) as file:
        yield file


def finish_file(file: BinaryIO, mode: int) -> None:
    """Make what was written durable, with its final mode."""
    file.flush()
    os.fchmod(file.fileno(), mode)
    os.fsync(file.fileno())


def transfer(
    places: ArtifactPlaces,
    request: ArtifactRequest,
    file: BinaryIO,
    advanced: Callable[[int], None],
    report: Report = ignore,
) -> None:
    """Fill `file` from the first place that has the right content (FAULTS G-17); `report` is told which had another.

    Where none has, the most telling failure is raised: another content, then the first other one, with all places in
    its details. Raises HashMismatchError, or FetchError: `artifact-missing`, `registry-unconfigured` and those of
    `HttpClient.fetch`.
    """
    whereabouts = _find_places(places, request)
    failures: list[FetchError] = []
    mismatches: list[HashMismatchError] = []
    outcomes: list[str] = []
    for place in whereabouts.places:
        tried = f"tried: {show_address(place.address)}"
        try:
            if Download(request, place.address, file, advanced).run(place.http):
                advanced(0)
                for mismatch in mismatches:
                    report(
                        Notice(f"`{request.name}` is another file at {mismatch.address}: that place was passed over")
                    )
                return
            outcomes.append(tried)
        except HashMismatchError as error:
            mismatches.append(error)
        except FetchError as error:
            failures.append(error)
            if error.transient:
                places.avoid(place)
            outcomes.append(f"{tried} ({error.message})")
    if mismatches:
        mismatch = mismatch_error(request, [(error.address, error.got) for error in mismatches])
        mismatch.details += tuple(outcomes)
        raise mismatch
    if not failures:
        raise _missing_error(request, whereabouts, outcomes)
    if len(outcomes) > 1:
        failures[0].details += tuple(outcomes)
    raise failures[0]


def _find_places(places: ArtifactPlaces, request: ArtifactRequest) -> Whereabouts:
    try:
        return places.find(request)
    except ValueError as error:
        raise FetchError(f"`{request.name}` cannot be fetched: {error}", slug="artifact-missing") from error


def _missing_error(request: ArtifactRequest, whereabouts: Whereabouts, outcomes: list[str]) -> FetchError:
    pinned = [] if request.date is None else [f"pinned since: {request.date}, the time of the index that names it"]
    obstacle = [] if whereabouts.obstacle is None else [f"not asked: {whereabouts.obstacle.message}"]
    nowhere = [] if outcomes or obstacle else ["tried: nothing, as no address of its archive is known"]
    return FetchError(
        f"the file `{request.name}` is nowhere to be had any more",
        details=(f"locator: {request.locator}", *pinned, *outcomes, *obstacle, *nowhere),
        hint=_missing_hint(request),
        slug="artifact-missing",
    )


def _missing_hint(request: ArtifactRequest) -> str:
    table, key = ("debian", "snapshot") if request.locator.startswith(DEBIAN) else ("pypi", "files")
    return (
        f"take a newer version with {request.renewal}, or name a place that has the file in devenv's settings: "
        f"`artifact_stores`, or `{key}` under `[registries.{table}]`"
    )


def _steps(name: str, report: Report) -> Callable[[int], None]:
    """A receiver of byte counts that reports them in larger steps; zero makes it report what it held back."""
    pending = 0

    def advanced(count: int) -> None:
        nonlocal pending
        pending += count
        if abs(pending) >= REPORT_STEP or (count <= 0 and pending):
            report(DownloadAdvanced(name, pending))
            pending = 0

    return advanced
