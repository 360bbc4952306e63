"""Draws events: bars on a terminal, plain lines elsewhere, nothing when told to be quiet."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from devenv.events import (
    Advanced,
    Detail,
    DownloadAdvanced,
    DownloadFinished,
    DownloadStarted,
    Event,
    Finished,
    LogLine,
    Notice,
    SectionFinished,
    SectionStarted,
    Started,
    Step,
    WorkAdvanced,
    WorkFinished,
    WorkSaid,
    WorkStarted,
)
from devenv.ui.terminal import Painter, make_visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from devenv.ui.sections import Sections

QUIET, NORMAL, VERBOSE = -1, 0, 1
MEGABYTE = 1_000_000
SHOWN_LINE = 300
"""Characters of a line that a build says; as many of them are shown as fit."""
PATIENCE = 1.0
"""Seconds after which work that goes on gets a bar: most of it is done by then."""


@dataclass(slots=True)
class _Work:
    """Work that began at `started` (as the monotonic clock says), with `done` of `size` bytes."""

    size: int | None
    started: float
    done: int = 0


class ProgressReport:
    """A report (`devenv.events`) that is drawn on `stream`. Use it as a context manager: it ends what it draws."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str], verbosity: int) -> None:
        self._stream = stream
        self._painter = Painter(stream, environ)
        self._environ = environ
        self._sections: Sections | None = None
        self._verbosity = verbosity
        self._bars: Progress | None = None
        self._tasks: dict[str, list[TaskID]] = {}
        self._works: dict[str, _Work] = {}
        self._draws_bars = stream.isatty() and environ.get("TERM") != "dumb" and verbosity > QUIET
        self._turn = threading.Lock()
        self._is_read = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_bars()

    def __call__(self, event: Event) -> None:
        """Draw one event. Where the stream cannot be written any more the work goes on unseen."""
        with self._turn:
            try:
                if self._is_read and self._verbosity > QUIET:
                    self._draw(event)
            except OSError:
                self._is_read = False

    def _draw(self, event: Event) -> None:
        match event:
            case Notice(text):
                self._write(f"{self._painter.paint('warning', 'note:')} {make_visible(text)}")
            case Step(text):
                self._write(self._painter.paint("faint", text))
            case Detail(text):
                if self._verbosity >= VERBOSE:
                    self._write(self._painter.paint("faint", text))
            case WorkSaid(text, line):
                self._show_line(text, line)
            case SectionStarted() | SectionFinished() | LogLine():
                self._draw_section(event)
            case _:
                self._advance(event)

    def _draw_section(self, event: SectionStarted | SectionFinished | LogLine) -> None:
        self._draws_bars = False
        if self._sections is None:
            from devenv.ui.sections import Sections

            self._sections = Sections(self._environ)
        for line in self._sections.iter_lines(event):
            self._write(line)

    def _write(self, line: str) -> None:
        if self._bars is not None:
            from rich.text import Text

            self._bars.print(Text.from_ansi(line))
        else:
            self._painter.write_line(line)

    def _advance(self, event: Started | Advanced | Finished) -> None:
        match event:
            case DownloadStarted(name, size):
                self._start(name, f"downloading {make_visible(name)}", make_visible(name), size)
            case WorkStarted(text, size):
                self._works[text] = _Work(size, time.monotonic())
                self._write(self._painter.paint("faint", text))
            case DownloadAdvanced(name, count):
                self._move(name, count)
            case WorkAdvanced(text, count):
                self._advance_work(text, count)
            case DownloadFinished(name) | WorkFinished(name):
                self._works.pop(name, None)
                self._end(name)

    def _advance_work(self, text: str, count: int) -> None:
        if text in self._tasks or not self._draws_bars:
            self._move(text, count)
            return
        work = self._works.get(text)
        if work is None:
            # Other work of this name has ended.
            return
        work.done += count
        if time.monotonic() - work.started >= PATIENCE:
            self._start(text, "", make_visible(text), work.size)
            self._move(text, work.done)

    def _show_line(self, text: str, line: str) -> None:
        """Show what the work said last beside its name."""
        self._advance_work(text, 0)
        if self._bars is not None and text in self._tasks:
            label = f"{make_visible(text)}: {make_visible(line.strip()[:SHOWN_LINE])}"
            self._bars.update(self._tasks[text][0], description=label, says=True)

    def _move(self, name: str, count: int) -> None:
        if self._bars is not None:
            self._bars.advance(self._tasks[name][0], count)

    def _start(self, name: str, line: str, label: str, size: int | None) -> None:
        if self._draws_bars:
            # Two files may have one name; which of their bars moves is all the same.
            self._tasks.setdefault(name, []).append(self._require_bars().add_task(label, total=size))
        else:
            self._write(line if size is None else f"{line} ({_format_bytes(size)})")

    def _end(self, name: str) -> None:
        if self._bars is not None and name in self._tasks:
            self._bars.remove_task(self._tasks[name].pop(0))
            if not self._tasks[name]:
                del self._tasks[name]
            if not self._tasks:
                self._stop_bars()

    def _stop_bars(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _require_bars(self) -> Progress:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn
            from rich.table import Column

            from devenv.ui.columns import AmountColumn

            column = Column(ratio=1, no_wrap=True, overflow="ellipsis")
            name = TextColumn("{task.description}", markup=False, table_column=column)
            self._bars = Progress(
                name,
                BarColumn(bar_width=20),
                AmountColumn(),
                console=Console(file=self._stream),
                expand=True,
                transient=True,
            )
            self._bars.start()
        return self._bars


def _format_bytes(size: int) -> str:
    """In the decimal units that the bars have."""
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{math.ceil(size / 1000)} kB"
