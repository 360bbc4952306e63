"""Reads a suite's `Release` file, the root of what its archive signs: dates, and the SHA-256 of every index.

Form: `DebianRepository/Format` in Debian's wiki. Whether the text is signed is decided before
(`devenv.fetch.debian`); whether it is fresh enough is decided by `require_fresh` and `require_not_older`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

RELEASE_LIMIT = 16 << 20
"""Bytes; real ones have 150,000."""

INDEX_LIMIT = 100_000
"""Indexes that a release lists; real ones have some 2,000."""

FIELD_PATTERN = re.compile(r"^([A-Za-z0-9-]+):[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
WORD_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,99}", re.ASCII)
INDEX_PATTERN = re.compile(r"(?P<sha256>[0-9a-f]{64})[ \t]+(?P<size>[0-9]{1,12})[ \t]+(?P<path>\S{1,500})", re.ASCII)
PATH_PATTERN = re.compile(r"(?!\.{1,2}(?:/|$))[A-Za-z0-9.+~_:-]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9.+~_:-]+)*", re.ASCII)
DATE_PATTERN = re.compile(
    r"[A-Z][a-z]{2}, +(?P<day>[0-9]{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>[0-9]{4})"
    r" +(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2}) (?:UTC|GMT|Z|\+0000)",
    re.ASCII,
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""`strptime` would ask the user's locale for them."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a release says."""

    origin: str
    suite: str
    """`stable`, `oldstable-security` and the like: changes when a newer Debian is released."""
    codename: str
    """`bookworm`, `bookworm-security` and the like."""
    date: datetime
    """When it was made; aware, UTC."""
    valid_until: datetime | None
    """Until when its archive vouches for it; aware, UTC; None where it does not say."""
    components: tuple[str, ...]
    architectures: tuple[str, ...]
    acquire_by_hash: bool
    """Whether indexes are also to be had by their hashes, so that an update in between cannot mix two states."""
    sha256: Mapping[str, tuple[str, int]]
    """For each index, by its path below the suite: its SHA-256 (64 hexadecimal digits) and its size in bytes."""


def parse_release(text: bytes) -> Release:
    """The release that `text`, whose signature was verified, describes.

    Raises ValueError where it has no SHA-256 sums, no or no valid date, or a path that leads out of the suite.
    """
    if len(text) > RELEASE_LIMIT:
        raise ValueError(f"the release has more than {RELEASE_LIMIT} bytes")
    fields = _read_fields(text.decode())
    for name in ("Codename", "Date", "SHA256"):
        if name not in fields:
            raise ValueError(f"the release has no field `{name}`")
    return Release(
        origin=fields.get("Origin", ""),
        suite=fields.get("Suite", ""),
        codename=_require_word(fields["Codename"], "Codename"),
        date=_parse_date(fields["Date"], "Date"),
        valid_until=_parse_date(fields["Valid-Until"], "Valid-Until") if "Valid-Until" in fields else None,
        components=tuple(_require_word(word, "Components") for word in fields.get("Components", "").split()),
        architectures=tuple(_require_word(word, "Architectures") for word in fields.get("Architectures", "").split()),
        acquire_by_hash=fields.get("Acquire-By-Hash") == "yes",
        sha256=_parse_indexes(fields["SHA256"]),
    )


def require_fresh(release: Release, now: datetime) -> None:
    """Check that the archive still vouches for `release`. Raises ValueError that says since when it does not."""
    if release.valid_until is not None and now > release.valid_until:
        raise ValueError(
            f"the release of {release.date:%Y-%m-%d} was valid until {release.valid_until:%Y-%m-%d %H:%M} UTC"
        )


def require_not_older(release: Release, known: datetime) -> None:
    """Check that `release` does not go back behind one of `known` date. Raises ValueError that says both dates."""
    if release.date < known:
        raise ValueError(
            f"the release is of {release.date:%Y-%m-%d %H:%M} UTC, older than the one of {known:%Y-%m-%d %H:%M} UTC"
        )


def _read_fields(text: str) -> dict[str, str]:
    found = FIELD_PATTERN.findall(text)
    fields: dict[str, str] = dict(found)
    if len(fields) != len(found):
        raise ValueError("the release has a field twice")
    return fields


def _require_word(text: str, field: str) -> str:
    if WORD_PATTERN.fullmatch(text) is None:
        raise ValueError(f"the release has {text[:100]!a} as `{field}`, which is no name")
    return text


def _parse_date(text: str, field: str) -> datetime:
    match = DATE_PATTERN.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        month = MONTHS.index(match["month"]) + 1
        year, day, hour, minute, second = (int(match[part]) for part in ("year", "day", "hour", "minute", "second"))
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"the release has {text[:100]!a} as `{field}`, which is no date") from error


def _parse_indexes(text: str) -> Mapping[str, tuple[str, int]]:
    indexes: dict[str, tuple[str, int]] = {}
    for line in text.splitlines():
        if not line or line.isspace():
            continue
        match = INDEX_PATTERN.fullmatch(line.strip())
        if match is None or PATH_PATTERN.fullmatch(match["path"]) is None:
            raise ValueError(f"the release lists {line.strip()[:200]!a}, which is no hash, size and path")
        index = match["sha256"], int(match["size"])
        if indexes.setdefault(match["path"], index) != index:
            raise ValueError(f"the release lists `{match['path']}` twice, with different hashes")
        if len(indexes) > INDEX_LIMIT:
            raise ValueError(f"the release lists more than {INDEX_LIMIT} indexes")
    return indexes
