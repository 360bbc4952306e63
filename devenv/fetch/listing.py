"""What HTML and JSON pages of an index have in common: a file as it is listed, and the interface's version."""

from __future__ import annotations

from dataclasses import dataclass

FILES_LIMIT = 200_000
"""Files of one project; the most that a real one has is about a tenth."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as an index lists it, nothing checked."""

    filename: str
    link: str
    """Absolute address or one relative to the page."""
    sha256: str | None
    size: int | None
    yanked: bool
    uploaded: int | None = None
    """Seconds since the epoch."""


def require_version(version: str) -> None:
    """Raise ValueError where an index announces a version of its interface that is not ours (PEP 629)."""
    if version.partition(".")[0] != "1":
        raise ValueError(f"it speaks version {version[:20]!r} of the interface, devenv version 1")
