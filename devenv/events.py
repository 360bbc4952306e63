"""What the layers below report while they work; `devenv.ui` draws it, nothing below prints.

A `Report` is a function that takes one event. It may be called from several threads at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of work that takes a moment began, such as `locking` or `building nodejs-24.1.0`."""

    text: str


@dataclass(frozen=True, slots=True)
class DownloadStarted:
    """`name` (a file name) began to be fetched; `size` is in bytes, None where the server does not say."""

    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class DownloadAdvanced:
    """`count` further bytes of `name` arrived; negative where a transfer began afresh."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class DownloadFinished:
    """`name` is complete and its hash was verified, or failed (`ok` is False)."""

    name: str
    ok: bool


@dataclass(frozen=True, slots=True)
class WorkStarted:
    """Work on many bytes began, such as `verifying the store`; `size` is their number, None where it is not known."""

    text: str
    size: int | None


@dataclass(frozen=True, slots=True)
class WorkAdvanced:
    """`count` further bytes are done."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class WorkSaid:
    """The last line that a program which does the work has written, as it came."""

    text: str
    line: str


@dataclass(frozen=True, slots=True)
class WorkFinished:
    """The work has ended, well or not."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know that is not an error, in one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Detail:
    """Something only shown with `--verbose`."""

    text: str


@dataclass(frozen=True, slots=True)
class SectionStarted:
    """What follows belongs together, up to the end of the section; sections do not nest. `name` is its name in short.

    From the first section on everything is drawn plainly: somebody reads a log. `open`: it is not to be folded.
    """

    name: str
    text: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class SectionFinished:
    """The section `name` has ended."""

    name: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a program wrote, to be shown as it is, between others of its kind."""

    text: str


Started = DownloadStarted | WorkStarted
Advanced = DownloadAdvanced | WorkAdvanced
Finished = DownloadFinished | WorkFinished
Event = Step | Started | Advanced | WorkSaid | Finished | Notice | Detail | SectionStarted | SectionFinished | LogLine
Report = Callable[[Event], None]


@contextlib.contextmanager
def work(report: Report, text: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """Report work from its beginning to its end; yields what takes the number of further bytes."""
    report(WorkStarted(text, size))
    try:
        yield lambda count: report(WorkAdvanced(text, count))
    finally:
        report(WorkFinished(text))


@contextlib.contextmanager
def section(report: Report, name: str, text: str, *, unfolded: bool = False) -> Iterator[None]:
    """Report a section from its beginning to its end."""
    report(SectionStarted(name, text, unfolded))
    try:
        yield
    finally:
        report(SectionFinished(name))


def ignore(event: Event) -> None:
    """A report that drops everything."""
    del event
