"""The table of a search on terminals of several widths, and where there is none."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from devenv.debian.suites import SUITES
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import LEAST_WIDTH, USUAL_WIDTH, Painter
from devenv.workflow.results import FoundDebian, FoundPackage, SearchResult

VERSION = "20240905.3.1+dfsg"
SUMMARY = "interactive processes viewer " * 10
FOUND = SearchResult(
    ("htop",),
    (FoundPackage("htop", SUMMARY, ()),),
    (FoundDebian("debian:htop", SUMMARY.strip(), dict.fromkeys(SUITES, VERSION)),),
)


class SizedPainter(Painter):
    """A painter whose terminal has so many columns; None: there is none."""

    def __init__(self, columns: int | None) -> None:
        super().__init__(io.StringIO(), {})
        self._columns = columns

    @property
    def width(self) -> int | None:
        return self._columns


def draw(columns: int | None) -> Iterator[str]:
    return iter_lines(FOUND, SizedPainter(columns))


@pytest.mark.parametrize(("columns", "suites"), [
    (200, SUITES),
    (80, SUITES),
    (70, SUITES[1:]),
    (60, SUITES[2:]),
    (40, SUITES[3:]),
])  # fmt: skip
def test_table_fits_the_terminal(columns: int, suites: tuple[str, ...]) -> None:
    """No line is wider than the terminal: the oldest suites give way, and summaries are cut."""
    first, _, header, second = draw(columns)
    assert max(map(len, (first, header, second))) <= columns
    assert tuple(header.split()) == suites
    assert first.endswith("…")
    assert second.endswith("…")


def test_nothing_is_cut_without_a_terminal() -> None:
    """What goes into a pipe or a file is whole."""
    *_, header, second = draw(None)
    assert tuple(header.split()) == SUITES
    assert second.split(maxsplit=5) == ["debian:htop", *[VERSION] * 4, SUMMARY.strip()]


class Terminal(io.StringIO):
    """A terminal that does not say how wide it is."""

    def isatty(self) -> bool:
        return True


def test_width_of_a_terminal() -> None:
    """A terminal without a size has the usual one; what is no terminal has none."""
    assert Painter(Terminal(), {}).width == USUAL_WIDTH
    assert Painter(io.StringIO(), {}).width is None
    assert LEAST_WIDTH < USUAL_WIDTH
