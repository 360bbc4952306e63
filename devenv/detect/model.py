"""What a file says about one tool, and what is proposed of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

ANY = "*"
"""The request for the newest version."""

SIZE_LIMIT = 1 << 20
"""Bytes of a file that is read; far above what a person writes, and what a tool writes is not read."""

FINDINGS_LIMIT = 200
"""Tools that are taken from one file."""


class Strength(enum.StrEnum):
    """How much a finding weighs where several are about the same package: the first counts most."""

    PINNED = "pinned"
    """The file is there to say which version is used."""
    RANGE = "range"
    """The file says with which versions the project works."""
    NAMED = "named"
    """The file shows that the tool is used, in whatever version."""

    @property
    def rank(self) -> int:
        """Where it stands; the least counts most."""
        return list(Strength).index(self)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a version means in requests of manifests: alternatives, the best first; none where it means nothing here."""

    requests: tuple[str, ...]
    note: str = ""
    """What a reader should know about the translation, a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one line of one file says."""

    file: str
    line: int
    """From 1."""
    tool: str
    """As the file calls it."""
    asked: str
    """The version as the file has it; empty where it has none."""
    package: str | None
    """The package of `builtin:base` that is meant; None where it has none."""
    wish: Wish = Wish((ANY,))
    strength: Strength = Strength.NAMED

    @property
    def where(self) -> str:
        """File and line, for people."""
        return f"{self.file}:{self.line}"


class UnreadableError(ValueError):
    """A file is not what its name says; the message says why, for people: it follows the file's name and `is`."""
