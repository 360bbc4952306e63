"""What a command says: kept in its log, the last lines at hand."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from devenv.fsutil import DISK_FULL

LAST_LINES = 25
LINE_BYTES = 1000
"""Of a line that is shown: a build may write a megabyte without an end (FAULTS J-12)."""
SAY_INTERVAL = 0.1
"""Seconds between two lines that are reported while they come."""


class BuildOutput:
    """Writes a log of at most `limit` bytes at `path`, made anew; tells `say` the last line as it changes.

    What comes is opaque: the log has it as it came, and who shows a line makes it harmless.
    """

    def __init__(self, path: Path, limit: int, say: Callable[[str], None]) -> None:
        self.spoke = time.monotonic()
        """When the last piece came."""
        self.disk_full = False
        """Whether the log did not fit on its disk."""
        self._path = path
        self._left = limit
        self._say = say
        self._said = 0.0
        self._lines: deque[bytes] = deque(maxlen=LAST_LINES)
        self._open_line = b""

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write(self, piece: bytes) -> bool:
        """Take what came; False where the log, or its disk, is full."""
        self.spoke = time.monotonic()
        kept = piece[: self._left]
        self._left -= len(kept)
        self._take_lines(kept)
        try:
            os.write(self._descriptor, kept)
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            self.disk_full = True
            return False
        return len(kept) == len(piece)

    def _take_lines(self, piece: bytes) -> None:
        # Only the end of it can be among the last lines.
        first, *rest = piece[-LAST_LINES * LINE_BYTES :].replace(b"\r\n", b"\n").split(b"\n")
        self._open_line = (self._open_line + first)[:LINE_BYTES]
        for line in rest:
            self._lines.append(self._open_line)
            self._open_line = line[:LINE_BYTES]
        if self._lines and self.spoke - self._said >= SAY_INTERVAL:
            self._said = self.spoke
            self._say(_text(self._lines[-1]))

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines, the one that is not complete included."""
        lines = [*self._lines, *([self._open_line] if self._open_line else [])]
        return tuple(map(_text, lines[-LAST_LINES:]))


def _text(line: bytes) -> str:
    # Progress that overwrites itself: what a terminal would show in the end.
    return line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
