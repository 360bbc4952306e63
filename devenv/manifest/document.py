"""A manifest as TOML: text, data and places, before anybody asks what it means.

`scanner` bounds the text, `tomllib` parses it, and both together say where what it says stands. `parse` gives it a
meaning, `edit` changes it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devenv.errors import ManifestError, Place
from devenv.manifest.positions import Path, Positions
from devenv.manifest.scanner import LimitExceededError, scan_positions
from devenv.manifest.wording import format_path

MANIFEST_LIMIT = 1 << 20
"""Bytes of a manifest; far above what a person writes."""

REASON_LIMIT = 200
"""Characters of what `tomllib` says: it may quote a key as long as the file."""

CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n])")
TOMLLIB_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """A text that is TOML. `data` is what `tomllib` makes of it."""

    file: str
    text: str
    data: Mapping[str, Any]
    positions: Positions

    def key_offset(self, path: Path) -> int:
        """Where the key at `path` stands, or the nearest table around it; 0 for the document."""
        while path and path not in self.positions.keys:
            path = path[:-1]
        return self.positions.keys.get(path, 0)

    def value_offset(self, path: Path) -> int:
        """Where the value at `path` stands, or its key where it has no value of its own."""
        span = self.positions.values.get(path)
        return self.key_offset(path) if span is None else span.start

    def value_text(self, path: Path) -> str:
        """The value at `path` as it is written; empty where it has no value of its own."""
        span = self.positions.values.get(path)
        return "" if span is None else self.text[span.start : span.end]

    def place(self, offset: int) -> Place:
        """Line and column of a character, for people."""
        return find_place(self.file, self.text, offset)


def find_place(file: str, text: str, offset: int) -> Place:
    """Line and column of the character at `offset`, both from 1; columns are counted in characters."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Place(file, text.count("\n", 0, offset) + 1, offset - line_start + 1)


def parse_document(content: bytes, file: str) -> Document:
    """The TOML document in `content` (UTF-8, at most `MANIFEST_LIMIT` bytes); `file` is its name for messages.

    Raises ManifestError with the place where it is no such thing.
    """
    import tomllib

    text = _decode(content, file)
    try:
        positions = scan_positions(text)
    except LimitExceededError as error:
        place = find_place(file, text, error.offset)
        raise ManifestError(f"this is no manifest: {error}", hint="shorten it", place=place) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, file, positions) from error
    return Document(file, text, data, positions)


def _decode(content: bytes, file: str) -> str:
    if len(content) > MANIFEST_LIMIT:
        raise ManifestError(f"the manifest is larger than {MANIFEST_LIMIT} bytes", place=Place(file), hint="shorten it")
    if content.startswith(codecs.BOM_UTF8):
        # TOML 1.0 knows no mark, so other readers of the file would stumble over it.
        raise ManifestError(
            "the manifest begins with a byte-order mark", hint="save it as UTF-8 without one", place=Place(file, 1, 1)
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        raise ManifestError(
            f"the byte 0x{content[error.start]:02x} is not part of UTF-8 text",
            hint="save the manifest as UTF-8",
            place=find_place(file, before, len(before)),
        ) from error


def _syntax_error(reason: str, text: str, file: str, positions: Positions) -> ManifestError:
    """The error for a text that `tomllib` refused with `reason`."""
    offset = _error_offset(reason, text)
    line_start = text.rfind("\n", 0, offset) + 1
    if CONFLICT.match(text, line_start):
        return ManifestError(
            "the manifest holds a merge conflict that is not resolved",
            hint="edit the file: keep one side and delete the marks",
            place=find_place(file, text, line_start),
        )
    # `tomllib` cannot get past a repetition, so what it complains about from there on is just that.
    if positions.repeated is not None and positions.repeated[1] <= offset:
        path, offset = positions.repeated
        return ManifestError(
            f"`{format_path(path)}` is given twice",
            hint="merge the two into one",
            place=find_place(file, text, offset),
            details=(f"first: {find_place(file, text, positions.keys[path])}",),
        )
    reason = TOMLLIB_PLACE.sub("", reason)[:REASON_LIMIT]
    hint = "`docs/manifest.md` shows how it is written"
    if reason == "Invalid value":
        hint = 'text stands in quotes, as in `nodejs = "24"`'
    return ManifestError(
        f"the manifest is not valid TOML: {reason[:1].lower()}{reason[1:]}",
        hint=hint,
        place=find_place(file, text, offset),
    )


def _error_offset(reason: str, text: str) -> int:
    """Where `tomllib` stopped: Pythons before 3.14 say it in words only."""
    where = TOMLLIB_PLACE.search(reason)
    if where is None or where[1] is None:
        return len(text)
    line, column = int(where[1]), int(where[2])
    return sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + column - 1
