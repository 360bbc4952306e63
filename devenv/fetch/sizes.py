"""The sizes of files whose index does not tell them: asked once from the file's server, remembered for ever by hash."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path

from devenv.digest import SHA256_HEX
from devenv.errors import FetchError
from devenv.fetch.addresses import host_of, show_address
from devenv.fetch.http import HttpClient, HttpRequest
from devenv.fsutil import make_private_directory, read_regular

MEMORY_LIMIT = 64 << 20
"""Bytes: three quarters of a million files."""

DIGITS = re.compile(r"[0-9]{1,13}", re.ASCII)
LINE = re.compile(rf"(?P<sha256>{SHA256_HEX.pattern}) (?P<size>{DIGITS.pattern})\.", re.ASCII)
"""The full stop tells a whole line from one that a full disk cut short."""

MISSING = frozenset({403, 404, 410})
"""Answers after which the next place is tried; object stores say 403 for what they do not have."""


class SizeMemory:
    """Sizes by SHA-256, in a file that only ever grows by whole lines. Safe to use from several threads and processes.

    A wrong entry does no more than make a download fail, which checks size and hash both.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._sizes: dict[str, int] | None = None

    def find(self, sha256: str) -> int | None:
        """The size in bytes of the file with that hash, where it is known."""
        with self._lock:
            if self._sizes is None:
                self._sizes = self._read()
            return self._sizes.get(sha256)

    def remember(self, sha256: str, size: int) -> None:
        """Add to what `find` gives, now and in later runs; where the file cannot be written only now."""
        with self._lock:
            if self._sizes is None:
                self._sizes = self._read()
            self._sizes[sha256] = size
        with contextlib.suppress(OSError):
            make_private_directory(self._path.parent)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                # One write of a short line: appended whole, beside those of other processes. It begins with a newline
                # as well, so that a line which was cut short spoils no other.
                os.write(descriptor, f"\n{sha256} {size}.\n".encode())
            finally:
                os.close(descriptor)

    def _read(self) -> dict[str, int]:
        try:
            text = read_regular(self._path, MEMORY_LIMIT).decode("ascii")
        except (OSError, UnicodeDecodeError):
            return {}
        return {match["sha256"]: int(match["size"]) for match in map(LINE.fullmatch, text.split("\n")) if match}


def measure_file(locator: str, addresses: tuple[str, ...], http: HttpClient) -> int:
    """The size in bytes of the registry's file `locator`, as stated by the first of `addresses` that has it.

    Raises FetchError: `artifact-missing` where none has, `size-unknown`, and those of `HttpClient.fetch`.
    """
    for address in addresses:
        size = _ask_size(address, http)
        if size is not None:
            return size
    raise _missing_error(locator, addresses)


def _ask_size(address: str, http: HttpClient) -> int | None:
    """The size of the file at `address`, None where nothing lies there."""
    accept = MISSING | {200, 405, 501}
    reply = http.fetch(HttpRequest("HEAD", address, {}, accept), 0)
    if reply.status in {404, 410}:
        return None
    size = _stated_size(reply.headers) if reply.status == 200 else None
    # Servers that hand out signed addresses know GET only.
    return size if size is not None else http.retried(lambda: _ask_first_byte(address, http))


def _ask_first_byte(address: str, http: HttpClient) -> int | None:
    request = HttpRequest("GET", address, {"Range": "bytes=0-0"}, MISSING | {200, 206})
    with http.stream(request) as stream:
        if stream.status in MISSING:
            return None
        total = re.fullmatch(rf"bytes 0-0/({DIGITS.pattern})", stream.headers.get("content-range", ""))
        size = int(total[1]) if stream.status == 206 and total is not None else None
        if stream.status == 200:
            size = _stated_size(stream.headers)
    if size is None:
        raise FetchError(
            f"`{host_of(address)}` does not say how large a file is",
            details=(f"address: {show_address(address)}",),
            slug="size-unknown",
        )
    return size


def _stated_size(headers: Mapping[str, str]) -> int | None:
    # A page is not a file: networks with a login page answer with one to anything.
    is_page = headers.get("content-type", "").startswith("text/html")
    length = headers.get("content-length", "")
    if is_page or "content-encoding" in headers or DIGITS.fullmatch(length) is None:
        return None
    return int(length)


def _missing_error(locator: str, addresses: tuple[str, ...]) -> FetchError:
    """The error for a file that lies at none of the addresses where it should."""
    return FetchError(
        f"the registry has no file `{locator}`",
        details=tuple(f"tried: {show_address(address)}" for address in addresses),
        hint="if the registry keeps its files elsewhere, set `files` under `[registries.pypi]` in devenv's settings",
        slug="artifact-missing",
    )
