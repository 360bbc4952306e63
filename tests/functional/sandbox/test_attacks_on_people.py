"""Build scripts that attack who looks on: terminals, logs, and what is believed of them (J-08, J-12)."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from devenv.events import WorkSaid, WorkStarted
from devenv.ui import progress
from devenv.ui.failure import failure_data, write_failure
from devenv.ui.terminal import Painter
from tests.sandboxes import PRELUDE, Workshop

REPOSITORY = Path(__file__).parents[3]

HOSTILE = r"""
printf '\033]0;owned\a\033[2J\033[H\033[31mbuild complete\033[0m\n'
printf 'note: all is well\r\033[K\n'
printf '{"event": "finished", "out": "/etc"}\n@nix {"action": "stop"}\n##[error]x\n::set-output name=x::y\n'
printf 'caf\xc3\xa9 \xff\xfe \xe2\x80\xae gnp.exe \x00\x07 [bold red]markup[/] [/nothing]\n'
printf 'downloading\rdownloading 50 %%\rdone\n'
head -c 1048576 /dev/zero | tr '\0' 'x'
"""


def shown(error: object) -> str:
    """An error as a person sees it."""
    stream = io.StringIO()
    write_failure(error, Painter(stream, {}))  # type: ignore[arg-type]
    return stream.getvalue()


def read_all(descriptor: int) -> bytes:
    """What is there to be read, without waiting for more."""
    os.set_blocking(descriptor, False)
    content = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 16):
            content += piece
    return content


def test_hostile_log(workshop: Workshop) -> None:
    """What a script says is opaque: kept byte for byte, and shown in short lines without control characters (J-12)."""
    derivation = workshop.derive(HOSTILE + "\nexit 1")
    error = workshop.fail(derivation)
    log = workshop.log(derivation)
    assert b"\x1b]0;owned\x07" in log
    assert log.endswith(b"x" * (1 << 20))
    text = shown(error)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert max(map(len, text.splitlines())) < 1100
    assert "done" in text
    assert "downloading 50" not in text
    assert failure_data(error)["slug"] == "build-failed"


def test_fake_success(workshop: Workshop) -> None:
    """A script succeeds by its exit status and its outputs, whatever it claims (J-12)."""
    script = """
for descriptor in 1 2 3 4 5 6 7 8 9 10 15 20; do
    { echo '{ "exit-code": 0 }' >&$descriptor; } 2>/dev/null || true
done
echo made > $out
exit 9
"""
    error = workshop.fail(script)
    assert "status 9" in error.message


def test_progress_of_a_hostile_log(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are shown while they come cannot act on the terminal, nor break the display (J-12)."""
    workshop.build(workshop.derive(HOSTILE.replace("\n", "\nsleep 0.12\n") + "\necho made > $out"))
    said = [event for event in workshop.events if isinstance(event, WorkSaid)]
    assert any("owned" in event.line for event in said)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    outer, inner = pty.openpty()
    with open(inner, "w") as stream:
        with progress.ProgressReport(stream, {"TERM": "xterm"}, progress.NORMAL) as report:
            report(WorkStarted("building thing", None))
            for event in said:
                report(event)
        stream.flush()
        drawn = read_all(outer).decode(errors="replace")
    os.close(outer)
    assert "\x1b]0;" not in drawn
    assert "building thing" in drawn
    assert "\x1b[2J" not in drawn
    assert "\x07" not in drawn


def test_no_terminal(workshop: Workshop, tmp_path: Path) -> None:
    """A script of somebody at a terminal has none: it cannot push characters into it, or write past devenv (J-08)."""
    script = (
        PRELUDE
        + r"""
try control true
try terminal bash -c ': < /dev/tty'
try write bash -c 'echo owned > /dev/tty'
try console bash -c 'echo owned > /dev/console'
try push perl -e 'my $c = "x"; for my $fd (0 .. 9) { open(my $it, "<&=", $fd) or next; exit 0 if ioctl($it, 0x5412, $c) } exit 1'
try paste perl -e 'my $c = pack("C5x100", 3, 0); for my $fd (0 .. 9) { open(my $it, "<&=", $fd) or next; exit 0 if ioctl($it, 0x541c, $c) } exit 1'
for fd in 0 1 2; do readlink /proc/self/fd/$fd; done > $out/descriptors
for fd in 0 1 2; do try isatty-$fd test -t $fd; done
ps() { cut -d' ' -f6,7 /proc/self/stat; }; ps > $out/session
"""
    )
    derivation = workshop.derive(script)
    places = (workshop.home, workshop.bubblewrap, tmp_path / "scripts")
    places[2].write_text(json.dumps([("thing", script, [])]))
    outer, inner = pty.openpty()
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.sandbox.driver", *map(str, places)],
            cwd=REPOSITORY,
            stdin=inner,
            stdout=subprocess.PIPE,
            stderr=inner,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - a terminal of its own
            text=True,
        )
        place, _ = child.communicate(timeout=60)
        written, typed = read_all(outer), read_all(inner)
    finally:
        os.close(outer)
        os.close(inner)
    assert child.returncode == 0, written
    found = Path(json.loads(place)["path"])
    assert found == workshop.object_of(derivation)
    assert (found / "did").read_text().split() == ["control"]
    descriptors = (found / "descriptors").read_text().split()
    assert descriptors[0] == "/dev/null"
    assert b"owned" not in written
    assert typed == b""
    assert (found / "session").read_text().split()[1] == "0", "it has a controlling terminal"
