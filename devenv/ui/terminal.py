"""What the output streams can do, and how text is made safe for them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TextIO

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What could move the cursor, hide text, reverse its direction or pass for a line of ours; a tab stays."""

TEXT_LIMIT = 2000
"""Characters of one text that are shown: names of foreign origin may be part of it."""

USUAL_WIDTH = 80
LEAST_WIDTH = 40
"""Columns below which no table would say anything."""

STYLES = {"error": "1;31", "hint": "36", "name": "1", "faint": "2", "good": "32", "warning": "33"}


def use_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether colours are wanted: on a terminal, without `NO_COLOR` (no-color.org) and not on a dumb one."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def make_visible(text: str) -> str:
    """One line of text, at most `TEXT_LIMIT` characters of it, with control characters shown as escapes.

    So a hostile name cannot act on the terminal, nor look like a line that devenv wrote.
    """
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "…"
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return CONTROL_CHARACTERS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class Painter:
    """Writes lines to one stream: every text is made visible first, then painted where the stream shows colours."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._stream = stream
        self._colour = use_colour(stream, environ)

    def paint(self, style: str, text: str) -> str:
        """`text` in a style of `STYLES`, safe to print."""
        visible = make_visible(text)
        return f"\x1b[{STYLES[style]}m{visible}\x1b[0m" if self._colour else visible

    @property
    def width(self) -> int | None:
        """The columns of the terminal, at least `LEAST_WIDTH`; None where the stream is none, and nothing need fit."""
        if not self._stream.isatty():
            return None
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        # Some terminals do not say.
        return max(LEAST_WIDTH, columns or USUAL_WIDTH)

    def encode_line(self, line: str) -> bytes:
        """A line of visible and painted parts as bytes for the stream, whatever its encoding can carry."""
        return f"{line}\n".encode(self._stream.encoding or "utf-8", "replace")

    def write_line(self, line: str) -> None:
        """Print a line of visible and painted parts. Raises OSError."""
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(self.encode_line(line).decode(encoding))
        self._stream.flush()
