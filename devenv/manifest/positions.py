"""Where each key and value of a TOML text stands: what `scanner` finds, `checker` reports and `edit` changes.

Offsets are in characters of the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and array indices from the top of the document."""


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, or a key with its value: `path` is complete, `table` is what the header or braces around it make."""

    path: Path
    span: Span
    table: Path
    is_header: bool = False


@dataclass(frozen=True, slots=True)
class Positions:
    """The places in one text. Of a key that occurs several times, such as `a` in `a.b` and `a.c`, the first counts."""

    keys: Mapping[Path, int]
    values: Mapping[Path, Span]
    """Without tables that are made by headers or dotted keys: those have no value that stands somewhere."""
    statements: tuple[Statement, ...]
    """In file order."""
    members: tuple[Statement, ...]
    """The keys with values inside inline tables; of one table in file order."""
    repeated: tuple[Path, int] | None
    """The first key or header that was there before, which TOML forbids: its path, and where it stands again."""
