"""What a build says: kept to the byte, the last lines at hand, whatever comes in whatever pieces (J-12)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.sandbox import output as module
from devenv.sandbox.output import LAST_LINES, LINE_BYTES, BuildOutput


def say_all(tmp_path: Path, *pieces: bytes, limit: int = 1 << 20) -> tuple[bytes, tuple[str, ...], list[str]]:
    """The log, the last lines, and the lines that were told."""
    told: list[str] = []
    with BuildOutput(tmp_path / "log", limit, told.append) as output:
        for piece in pieces:
            output.write(piece)
        return (tmp_path / "log").read_bytes(), output.last_lines, told


def test_lines_in_pieces(tmp_path: Path) -> None:
    """Lines come together across pieces; the last one may lack its end."""
    log, lines, _ = say_all(tmp_path, b"on", b"e\ntw", b"o\n", b"", b"three")
    assert log == b"one\ntwo\nthree"
    assert lines == ("one", "two", "three")


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_log_is_what_came(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    """The log has all bytes in their order; there are never more than so many lines, none longer than it may be."""
    log, lines, _ = say_all(tmp_path_factory.mktemp("log"), *pieces)
    assert log == b"".join(pieces)
    assert len(lines) <= LAST_LINES
    assert all("\n" not in line for line in lines)


def test_endless_line(tmp_path: Path) -> None:
    """A megabyte without an end costs no memory, and is cut where it is shown."""
    log, lines, _ = say_all(tmp_path, *[b"x" * 65536] * 8, b"\nlast\n")
    assert len(log) == 8 * 65536 + 6
    assert lines == ("x" * LINE_BYTES, "last")


def test_many_lines_at_once(tmp_path: Path) -> None:
    """Of a long piece only the end is looked at."""
    _, lines, _ = say_all(tmp_path, b"".join(b"%d\n" % number for number in range(60_000)))
    assert lines == tuple(str(number) for number in range(60_000 - LAST_LINES, 60_000))


def test_full_log(tmp_path: Path) -> None:
    """It takes exactly as much as it may, and says that it is full (J-09)."""
    with BuildOutput(tmp_path / "log", 5, lambda _: None) as output:
        assert output.write(b"12345")
        assert not output.write(b"6")
        assert (tmp_path / "log").read_bytes() == b"12345"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"10 %\r50 %\rdone\n", "done"),
        (b"windows\r\n", "windows"),
        (b"\xff\xfe\n", "\ufffd\ufffd"),
        (b"\x1b[31mred\n", "\x1b[31mred"),
        (b"\0\n", "\0"),
        (b"\r\n", ""),
    ],
)
def test_what_a_terminal_would_show(tmp_path: Path, line: bytes, text: str) -> None:
    """Of what overwrites itself the end counts; what is no text is marked; who shows it makes it harmless."""
    assert say_all(tmp_path, line)[1] == (text,)


def test_last_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last complete line is told, and not more often than a person can see."""
    assert say_all(tmp_path, b"a\nb\nc", b"d\n", b"e\n")[2] == ["b"]
    monkeypatch.setattr(module, "SAY_INTERVAL", 0)
    assert say_all(tmp_path, b"a\nb\nc", b"d\n", b"e\n")[2] == ["b", "cd", "e"]


@pytest.mark.parametrize("kind", ["file", "link", "pipe"])
def test_what_lies_there(tmp_path: Path, kind: str) -> None:
    """A log is made anew: what lay at its place is neither followed nor written into."""
    other = tmp_path / "other"
    other.write_text("kept")
    place = tmp_path / "log"
    match kind:
        case "file":
            os.link(other, place)
        case "link":
            place.symlink_to(other)
        case _:
            os.mkfifo(place)
    assert say_all(tmp_path, b"new")[0] == b"new"
    assert other.read_text() == "kept"
    assert place.stat().st_mode & 0o777 == 0o600
