"""Keeps what index pages said, so that a page which is still fresh costs neither the network nor a parser.

Not an HTTP cache of bodies: the pages of large projects have megabytes of HTML and take a tenth of a second to parse,
and reading them through an HTTP library would load it first. A file per project holds the parsed wheels, a line each,
below a header with the page's validators. Freshness follows RFC 9111 as far as it applies to one user's copies:
`max-age`, `no-cache`, `no-store`, `ETag` and `Last-Modified`. What is damaged counts as missing; the cache may be
deleted any time, and `page_limit` keeps it within bounds.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.fetch.locators import parse_base
from devenv.fetch.page_limit import clean_pages
from devenv.fetch.pages import PAGE_LIMIT
from devenv.fsutil import make_private_directory, read_regular, write_atomic
from devenv.packages.wheels import WheelFile

FORMAT = "devenv-index-page-2"

DEFAULT_FRESHNESS = 600.0
"""Seconds for which a page counts as fresh whose server says nothing: what the public index itself sends."""

FRESHNESS_LIMIT = 86_400.0
"""Seconds; no server makes us miss a release for longer than a day."""

VALIDATOR = re.compile(r"[ -~]{0,256}", re.ASCII)
BASES_LIMIT = 8
"""Addresses of file hosts that are remembered for one index."""


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page that was read before."""

    wheels: tuple[WheelFile, ...]
    fetched: float
    """Seconds since the epoch."""
    lifetime: float
    """Seconds from `fetched` on."""
    etag: str = ""
    modified: str = ""

    def is_fresh(self, now: float) -> bool:
        """Whether it may be used without asking; a page from the future (a clock set back) may not."""
        return self.fetched <= now < self.fetched + self.lifetime

    def validators(self) -> dict[str, str]:
        """The headers that ask whether the page has changed."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value}


class PageCache:
    """The pages of one index, below `directory` (shared by all indexes)."""

    def __init__(self, directory: Path, index: str, clock: Callable[[], float] = time.time) -> None:
        self._directory = directory / hashlib.sha256(index.encode()).hexdigest()[:16]
        self._clock = clock
        self._lock = threading.Lock()
        self._bases: tuple[str, ...] | None = None
        self._tidied = False

    def now(self) -> float:
        """Seconds since the epoch, by this cache's clock."""
        return self._clock()

    def read(self, project: str) -> CachedPage | None:
        """What is kept about `project` (normalised), fresh or not; None where nothing usable is."""
        try:
            return parse_cached_page(read_regular(self._page_path(project), PAGE_LIMIT))
        except (OSError, ValueError):
            return None

    def write(self, project: str, page: CachedPage) -> None:
        """Keep `page`. A cache that cannot be written (no space, read-only) is no reason to fail."""
        self._write(self._page_path(project), format_cached_page(page))

    def read_bases(self) -> tuple[str, ...]:
        """Where the index said that its files lie, the latest first."""
        with self._lock:
            if self._bases is None:
                self._bases = self._read_bases()
            return self._bases

    def remember_bases(self, bases: tuple[str, ...]) -> None:
        """Put `bases` in front of what `read_bases` gives, now and in later runs."""
        with self._lock:
            known = self._read_bases() if self._bases is None else self._bases
            self._bases = tuple(dict.fromkeys((*bases[:BASES_LIMIT], *known)))[:BASES_LIMIT]
            if self._bases != known:
                self._write(self._directory / "bases", "".join(f"{base}\n" for base in self._bases).encode())

    def _read_bases(self) -> tuple[str, ...]:
        try:
            lines = read_regular(self._directory / "bases", 1 << 16).decode().splitlines()
        except (OSError, UnicodeDecodeError):
            return ()
        return tuple(line for line in lines if _is_base(line))[:BASES_LIMIT]

    def _page_path(self, project: str) -> Path:
        return self._directory / f"{project}.page"

    def _write(self, path: Path, content: bytes) -> None:
        with contextlib.suppress(OSError):
            make_private_directory(path.parent)
            self._tidy()
            write_atomic(path, content)

    def _tidy(self) -> None:
        """Once in a run that writes: clean what all runs before it left, and what has become too much."""
        if not self._tidied:
            self._tidied = True
            with contextlib.suppress(OSError):
                clean_pages(self._directory.parent)


def _is_base(text: str) -> bool:
    """Whether a remembered line is a plain address with nothing secret in it."""
    try:
        return parse_base(text) == text
    except ValueError:
        return False


def page_lifetime(headers: Mapping[str, str]) -> float | None:
    """Seconds for which an answer with `headers` (names in lower case) is fresh; None where it must not be kept."""
    directives = headers.get("cache-control", "").lower()
    if re.search(r"\bno-store\b", directives):
        return None
    if re.search(r"\bno-cache\b", directives):
        return 0.0
    age = re.search(r"\bmax-age=\"?([0-9]{1,10})", directives)
    if age is None:
        return DEFAULT_FRESHNESS
    spent = re.fullmatch(r"[0-9]{1,10}", headers.get("age", "0").strip())
    return max(0.0, min(float(age[1]) - (float(spent[0]) if spent else 0.0), FRESHNESS_LIMIT))


def make_cached_page(
    wheels: tuple[WheelFile, ...], headers: Mapping[str, str], lifetime: float, now: float
) -> CachedPage:
    """The page that an answer with `headers` brought; validators that could not be sent back are dropped."""
    etag, modified = (headers.get(name, "") for name in ("etag", "last-modified"))
    return CachedPage(
        wheels,
        now,
        lifetime,
        etag if VALIDATOR.fullmatch(etag) else "",
        modified if VALIDATOR.fullmatch(modified) else "",
    )


def format_cached_page(page: CachedPage) -> bytes:
    """The file for `page`: a checksum, the header, then a line per wheel, its fields separated by tabs."""
    lines = [f"{page.fetched!r}\t{page.lifetime!r}\t{page.etag}\t{page.modified}"]
    for file in page.wheels:
        size, uploaded = ("" if each is None else str(each) for each in (file.size, file.uploaded))
        # Most locators end in the file name: not writing it twice saves a quarter of the file.
        name = f"/{file.filename}"
        locator = file.locator[: -len(file.filename)] if file.locator.endswith(name) else file.locator
        lines.append(f"{file.filename}\t{locator}\t{file.sha256}\t{size}\t{'y' if file.yanked else ''}\t{uploaded}")
    body = "\n".join(lines).encode()
    # Against a damaged disk, not against people: whoever can write here can write anything of ours.
    return f"{FORMAT} {zlib.crc32(body):08x}\n".encode() + body


def parse_cached_page(content: bytes) -> CachedPage:
    """The page in a file that `format_cached_page` made. Raises ValueError on anything else."""
    first, _, body = content.partition(b"\n")
    if first != f"{FORMAT} {zlib.crc32(body):08x}".encode():
        raise ValueError("not a cached page, or a damaged one")
    header, *lines = body.decode().split("\n")
    fetched, lifetime, etag, modified = header.split("\t")
    wheels = []
    for line in lines:
        filename, locator, sha256, size, yanked, uploaded = line.split("\t")
        if locator.endswith("/"):
            locator += filename
        numbers = (int(each) if each else None for each in (size, uploaded))
        wheels.append(WheelFile(filename, locator, sha256, next(numbers), yanked == "y", next(numbers)))
    return CachedPage(tuple(wheels), float(fetched), float(lifetime), etag, modified)
