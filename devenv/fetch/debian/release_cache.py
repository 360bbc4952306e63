"""Keeps the verified releases of pockets, so that one which was just read is not asked for again.

    <debian>/releases/<pocket>.release      the signed text, behind a checksum and a line about its request
    <debian>/<keys>/<suite>-<arch>.sqlite   see `suite_database`

A release here is also what a later one must not be older than, and that whatever keys it was believed with: a keyring
is replaced every few months, and what was seen before stays seen. Otherwise it is used with these keys only. What is
damaged counts as missing; the cache may be deleted any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from devenv.debian.release import RELEASE_LIMIT, Release, parse_release
from devenv.fsutil import make_private_directory, read_regular, write_atomic

FORMAT = "devenv-debian-release-2"
RELEASES = "releases"
"""The directory; those of databases are named by keys."""
HEADER_LIMIT = 1 << 14
"""Bytes of what stands before the text."""

FRESHNESS = 600.0
"""Seconds for which a release counts as fresh; an archive has a new one every six hours at most."""

VALIDATOR = re.compile(r"[ -~]{0,256}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PocketRelease:
    """A release whose signature was verified, and how it came here."""

    pocket: str
    release: Release
    text: bytes
    """What was signed."""
    base: str
    """The address of the archive that it came from."""
    fetched: float
    """Seconds since the epoch."""
    keys: str
    """What `keys_name` calls the keys that it was verified with."""
    etag: str = ""
    modified: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of the signed text, in hexadecimal."""
        return hashlib.sha256(self.text).hexdigest()

    def is_fresh(self, now: float) -> bool:
        """Whether it may be used without asking; one from the future (a clock set back) may not."""
        return self.fetched <= now < self.fetched + FRESHNESS

    def validators(self, base: str) -> dict[str, str]:
        """The headers that ask the archive at `base` whether it has another one."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified} if base == self.base else {}
        return {name: value for name, value in headers.items() if value}


def keys_name(keyring: bytes) -> str:
    """What tells the keys in `keyring` from others."""
    return hashlib.sha256(keyring).hexdigest()[:16]


def cache_directory(debian: Path, keyring: bytes) -> Path:
    """Where indexes lie that were believed with the keys in `keyring`."""
    return debian / keys_name(keyring)


def read_release(debian: Path, pocket: str) -> PocketRelease | None:
    """What is kept of `pocket`, whatever keys it was verified with; None where nothing whole is."""
    try:
        content = read_regular(_release_path(debian, pocket), RELEASE_LIMIT + HEADER_LIMIT)
        first, _, body = content.partition(b"\n")
        if first != _first_line(body):
            return None
        header, _, text = body.partition(b"\n")
        return PocketRelease(pocket=pocket, release=parse_release(text), text=text, **json.loads(header))
    except (OSError, ValueError, TypeError):
        return None


def write_release(debian: Path, kept: PocketRelease) -> None:
    """Keep it. A cache that cannot be written (no space, read-only) is no reason to fail."""
    etag, modified = (text if VALIDATOR.fullmatch(text) else "" for text in (kept.etag, kept.modified))
    header = json.dumps(
        {"base": kept.base, "fetched": kept.fetched, "keys": kept.keys, "etag": etag, "modified": modified}
    )
    body = header.encode() + b"\n" + kept.text
    with contextlib.suppress(OSError):
        make_private_directory(debian / RELEASES)
        write_atomic(_release_path(debian, kept.pocket), _first_line(body) + b"\n" + body)


def _first_line(body: bytes) -> bytes:
    # Against a damaged disk, not against people: whoever can write here can write anything of ours.
    return f"{FORMAT} {zlib.crc32(body):08x}".encode()


def _release_path(debian: Path, pocket: str) -> Path:
    return debian / RELEASES / f"{pocket}.release"
