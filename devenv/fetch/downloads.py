"""One file on its way from a server to the disk: hashed while it arrives, cut off at its size, resumed where it broke.

Used by `devenv.fetch.artifacts`, which decides where files come from and what becomes of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from devenv.errors import FetchError, HashMismatchError
from devenv.fetch.addresses import host_of, show_address
from devenv.fetch.http import HttpClient, HttpRequest, Stream
from devenv.fetch.http_errors import TransientFetchError
from devenv.lock.model import RUNTIME_NAME, PinnedArtifact

MISSING = frozenset({404, 410})
STRONG_ETAG = re.compile(r'"[!#-~]{1,200}"', re.ASCII)


@dataclass(frozen=True, slots=True)
class ArtifactRequest:
    """A file that is wanted: where it lies, what it must be, and its name for messages."""

    locator: str
    sha256: str
    """64 hexadecimal digits."""
    size: int
    """Bytes."""
    name: str
    date: str | None = None
    """When its registry had it for certain (`YYYY-MM-DDTHH:MM:SSZ`); None: not known."""
    package: str | None = None
    """The package of the lock that needs it; None: not known, or none."""

    @property
    def renewal(self) -> str:
        """The command that pins another file in its place."""
        if self.package == RUNTIME_NAME:
            return f"`devenv update {RUNTIME_NAME}`"
        return f"`devenv add {self.package or 'NAME'}@latest`"


def request_pinned(pinned: PinnedArtifact) -> ArtifactRequest:
    """The request for a file that a lock pins."""
    artifact = pinned.artifact
    package = pinned.package or RUNTIME_NAME
    return ArtifactRequest(artifact.locator, artifact.sha256, artifact.size, artifact.filename, pinned.date, package)


class Download:
    """The transfer of one file from one address into `file`, over as many attempts as it takes.

    `advanced` is told of every piece that arrives, in bytes; of a negative number where a transfer starts afresh.
    """

    def __init__(self, request: ArtifactRequest, address: str, file: BinaryIO, advanced: Callable[[int], None]) -> None:
        self._request = request
        self._address = address
        self._file = file
        self._advanced = advanced
        self._hasher = hashlib.sha256()
        self._received = 0
        self._etag = ""
        self._resumed = False

    def run(self, http: HttpClient) -> bool:
        """Fetch and verify; False where the server has no such file.

        Raises HashMismatchError where it has another one under that name, else FetchError as `HttpClient.fetch`.
        """
        if not http.retried(lambda: self._attempt(http)):
            return False
        if self._resumed and not self._is_complete():
            # Two halves of different files: the validator lied. A whole transfer decides.
            self._restart()
            self._etag = ""
            if not http.retried(lambda: self._attempt(http)):
                return False
        self._require_complete()
        return True

    def _attempt(self, http: HttpClient) -> bool:
        headers: dict[str, str] = {}
        # Only a strong validator says that the rest belongs to what is here already (FAULTS G-11).
        if self._received and self._etag:
            headers = {"Range": f"bytes={self._received}-", "If-Range": self._etag}
        else:
            self._restart()
        request = HttpRequest("GET", self._address, headers, MISSING | {200, 206})
        with http.stream(request) as stream:
            if stream.status in MISSING:
                return False
            if stream.status == 206:
                self._require_range(stream)
                self._resumed = True
            else:
                self._restart()
            self._require_length(stream)
            etag = stream.headers.get("etag", "")
            self._etag = etag if STRONG_ETAG.fullmatch(etag) else ""
            self._receive(stream)
        return True

    def _restart(self) -> None:
        if self._received:
            self._advanced(-self._received)
        self._received = 0
        self._resumed = False
        self._hasher = hashlib.sha256()
        self._file.seek(0)
        self._file.truncate()

    def _require_range(self, stream: Stream) -> None:
        match = re.match(r"bytes ([0-9]{1,15})-", stream.headers.get("content-range", ""))
        if match is None or int(match[1]) != self._received:
            self._etag = ""
            raise TransientFetchError(
                f"`{host_of(stream.address)}` sends another part of `{self._request.name}` than was asked for",
                details=(f"address: {show_address(stream.address)}",),
                slug="fetch-network",
            )

    def _require_length(self, stream: Stream) -> None:
        """Save the transfer of a file whose size says already that it is another one."""
        length = stream.headers.get("content-length", "")
        if re.fullmatch(r"[0-9]{1,15}", length) and self._received + int(length) != self._request.size:
            raise self._mismatch(f"{self._received + int(length)} bytes")

    def _receive(self, stream: Stream) -> None:
        for chunk in stream.chunks:
            self._received += len(chunk)
            if self._received > self._request.size:
                raise self._mismatch(f"more than {self._request.size} bytes")
            self._hasher.update(chunk)
            self._file.write(chunk)
            self._advanced(len(chunk))
        if self._received < self._request.size and "content-length" not in stream.headers:
            # Without a length a broken connection looks like the end.
            raise TransientFetchError(
                f"`{host_of(stream.address)}` sent only {self._received} of {self._request.size} bytes of "
                f"`{self._request.name}`",
                details=(f"address: {show_address(stream.address)}",),
                slug="fetch-network",
            )

    def _is_complete(self) -> bool:
        return self._received == self._request.size and self._hasher.hexdigest() == self._request.sha256

    def _require_complete(self) -> None:
        if not self._is_complete():
            raise self._mismatch(f"sha256 {self._hasher.hexdigest()}, {self._received} bytes")

    def _mismatch(self, got: str) -> HashMismatchError:
        return mismatch_error(self._request, [(show_address(self._address), got)])


def mismatch_error(request: ArtifactRequest, found: Sequence[tuple[str, str]]) -> HashMismatchError:
    """The error for a file that is another one wherever it was found: the places (for people), with what is there.

    What places agree on stands together: one that differs from the others is an attack or a broken disk, the same
    everywhere a file that was replaced.
    """
    places: dict[str, list[str]] = {}
    for address, got in found:
        places.setdefault(got, []).append(address)
    details = [] if request.package is None else [f"package: {request.package}"]
    details += [f"expected: sha256 {request.sha256}, {request.size} bytes"]
    if request.date is not None:
        details += [f"pinned since: {request.date}, the time of the index that names it"]
    for got, addresses in places.items():
        details += [f"got: {got}", *(f"address: {address}" for address in addresses)]
    if len(found) > 1:
        details += [
            f"agreement: all {len(found)} places have the same other file"
            if len(places) == 1
            else f"agreement: none; {len(found)} places have {len(places)} different files"
        ]
    error = HashMismatchError(
        f"`{request.name}` is not the file that is pinned",
        details=tuple(details),
        hint=_mismatch_hint(request),
    )
    error.address, error.got = found[0]
    error.sha256 = request.sha256
    return error


def _mismatch_hint(request: ArtifactRequest) -> str:
    reason = "do not use it; if the lock was edited by hand, restore it from version control"
    if request.package is None:
        return f"{reason}; {request.renewal} pins it anew"
    return f"{reason}; `devenv lock --accept {request.package}` pins on purpose what there is now"


def write_error(error: OSError, path: Path) -> FetchError:
    """The error for a file that cannot be written to the artifact cache."""
    return FetchError(
        f"`{path}` cannot be written: {error.strerror}",
        hint="make room there, or move `cache` elsewhere in devenv's settings",
        slug="cache-unwritable",
    )
