"""Gets the package indexes that a release fixes by hash: one for each component and architecture, and one of sources.

Where the archive offers it they are asked for by their hash, so that a mirror which is just being renewed cannot give
an index of another state. In memory: the largest have nine million bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from devenv.debian.packages_file import iter_records
from devenv.debian.record import DebRecord
from devenv.debian.source_record import SourceRecord
from devenv.debian.sources_file import iter_source_records
from devenv.errors import FetchError, HashMismatchError
from devenv.events import Detail, DownloadAdvanced, DownloadFinished, DownloadStarted, Report
from devenv.fetch.addresses import show_address
from devenv.fetch.debian.access import DebianArchive
from devenv.fetch.debian.decompression import iter_unpacked
from devenv.fetch.debian.release_cache import PocketRelease
from devenv.fetch.downloads import ArtifactRequest, Download
from devenv.fetch.http import HttpClient

Record = TypeVar("Record")

SUFFIXES = (".xz", ".gz", "")
"""The best first."""

SOURCE = "source"
"""What stands for an architecture where source packages are meant."""

PACKED_LIMIT = 128 << 20
UNPACKED_LIMIT = 1 << 30
"""Bytes of an index; that of Debian's main archive has 9 and 55 millions."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A package index, as a release fixes it."""

    name: str
    """For messages."""
    archive: str
    paths: tuple[str, ...]
    """Where it lies below an archive's base, the best first."""
    suffix: str
    sha256: str
    size: int
    """Bytes."""
    unpacked_limit: int
    """Bytes that it unpacks to, at most."""


@dataclass(frozen=True, slots=True)
class FetchedIndex:
    """A package index that is here, and is the right one."""

    file: IndexFile
    content: bytes

    def records(self) -> Iterator[DebRecord]:
        """The packages in it. Raises FetchError (`index-invalid`)."""
        return self._read(iter_records)

    def source_records(self) -> Iterator[SourceRecord]:
        """The source packages in it, where it is an index of those. Raises FetchError (`index-invalid`)."""
        return self._read(iter_source_records)

    def _read(self, parse: Callable[[Iterable[bytes], str], Iterator[Record]]) -> Iterator[Record]:
        unpacked = iter_unpacked(self.content, self.file.suffix, self.file.unpacked_limit)
        try:
            yield from parse(unpacked, self.file.archive)
        except ValueError as error:
            raise _invalid(self.file.name, str(error)) from error


def find_index_file(kept: PocketRelease, archive: str, component: str, architecture: str) -> IndexFile | None:
    """The package index of a component for an architecture, or for `source`; None where the release lists none.

    Raises FetchError (`index-invalid`) where it is larger than it can rightly be.
    """
    place = f"{component}/source" if architecture == SOURCE else f"{component}/binary-{architecture}"
    plain = f"{place}/Sources" if architecture == SOURCE else f"{place}/Packages"
    listed = kept.release.sha256
    suffix = next((suffix for suffix in SUFFIXES if plain + suffix in listed), None)
    if suffix is None:
        return None
    sha256, size = listed[plain + suffix]
    name = f"{kept.pocket} {component} {architecture}"
    if size > PACKED_LIMIT:
        raise _invalid(name, f"it has {size} bytes")
    by_hash = (f"dists/{kept.pocket}/{place}/by-hash/SHA256/{sha256}",) if kept.release.acquire_by_hash else ()
    unpacked = min(listed[plain][1] if plain in listed else UNPACKED_LIMIT, UNPACKED_LIMIT)
    return IndexFile(name, archive, (*by_hash, f"dists/{kept.pocket}/{plain}{suffix}"), suffix, sha256, size, unpacked)


def _invalid(name: str, reason: str) -> FetchError:
    return FetchError(
        f"the package index `{name}` cannot be used: {reason}",
        hint="try another mirror: `mirrors` under `[registries.debian]` in devenv's settings",
        slug="index-invalid",
    )


def fetch_index(file: IndexFile, archive: DebianArchive, http: HttpClient, report: Report) -> FetchedIndex:
    """The index, from the first address that has just this one.

    Raises HashMismatchError where there are only others, else FetchError: `artifact-missing` and those of `HttpClient`.
    """
    report(DownloadStarted(file.name, file.size))
    succeeded = False
    try:
        content = _fetch_first(file, [base + path for base in archive.bases for path in file.paths], http, report)
        succeeded = True
    finally:
        report(DownloadFinished(file.name, succeeded))
    return FetchedIndex(file, content)


def _fetch_first(file: IndexFile, addresses: Sequence[str], http: HttpClient, report: Report) -> bytes:
    failures: list[FetchError] = []
    for address in addresses:
        # Names for messages only: an index has no locator.
        request = ArtifactRequest(file.name, file.sha256, file.size, file.name)
        buffer = io.BytesIO()
        try:
            if Download(request, address, buffer, lambda count: report(DownloadAdvanced(file.name, count))).run(http):
                return buffer.getvalue()
        except FetchError as error:
            failures.append(error)
            report(Detail(f"`{show_address(address)}` is passed over: {error.message}"))
    raise _describe_failure(file, addresses, failures)


def _describe_failure(file: IndexFile, addresses: Sequence[str], failures: Sequence[FetchError]) -> FetchError:
    """The most telling failure: another content, then the first other one, then that it lies nowhere."""
    mismatch = next((error for error in failures if isinstance(error, HashMismatchError)), None)
    if mismatch is not None:
        return HashMismatchError(
            f"the package index `{file.name}` is not the one that its release names",
            details=mismatch.details,
            hint="try again in some minutes: the mirror may just be being renewed",
        )
    if failures:
        return failures[0]
    return FetchError(
        f"the mirror has no package index `{file.name}`, though its release names it",
        details=tuple(f"tried: {show_address(address)}" for address in addresses),
        hint="try again in some minutes, or another mirror",
        slug="artifact-missing",
    )
