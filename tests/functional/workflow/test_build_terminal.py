"""Builds on a real terminal: progress, Ctrl-C, and a shell in a failed build."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

import pexpect
import pytest

from tests.functional.workflow.building import Builder
from tests.functional.workflow.command import TIME_LIMIT, User, kill

PROMPT = r"build:[^\r\n$]*\$ "
SLOW = (
    "[build.slow]\nsource = false\nphases = { install = '''for i in $(seq 600); do echo step $i; sleep 0.1; done''' }\n"
)
BAD = """
[build.bad]
source = false
phases = { install = '''echo here > made; printf '\\033]0;title\\007'; exit 3''' }
"""


def spawn(there: User, *arguments: str) -> pexpect.spawn[str]:
    """`devenv` on a terminal of 100 columns."""
    return pexpect.spawn(
        sys.executable,
        ["-W", "error", "-m", "devenv", *arguments],
        cwd=str(there.directory),
        env={**there.environ, "TERM": "xterm"},
        encoding="utf-8",
        codec_errors="replace",
        timeout=TIME_LIMIT,
        dimensions=(30, 100),
    )


def processes_of(there: User) -> list[str]:
    """What runs in sandboxes of this user: it knows the store's root by its variables."""
    root = os.fsencode(there.settings.base)
    found = []
    for place in Path("/proc").iterdir():
        # It may end meanwhile.
        with contextlib.suppress(OSError):
            if place.name.isdigit() and root in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_bytes().decode(errors="replace"))
    return found


def left_over(there: User) -> list[str]:
    """Processes and unfinished trees of builds of this user."""
    unfinished = [str(path) for path in there.unfinished() if path.is_relative_to(there.settings.base)]
    return processes_of(there) + unfinished


def wait_for_processes(there: User) -> None:
    deadline = time.monotonic() + TIME_LIMIT
    while not processes_of(there):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_nothing_is_left(there: User) -> None:
    deadline = time.monotonic() + 10
    while (left := left_over(there)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def test_progress(builder: Builder) -> None:
    """A build that goes on shows its name, for how long it has been running, and its last line; Ctrl-C ends it."""
    app = builder.project("progress", SLOW)
    terminal = spawn(app, "build")
    terminal.expect(r"building slow: step \d+ +[^\r\n]*\d:0\d")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert (terminal.exitstatus, terminal.signalstatus) in {(130, None), (None, signal.SIGINT)}
    wait_until_nothing_is_left(app)


def test_interrupt(builder: Builder) -> None:
    """A-11: Ctrl-C ends every process of a build within a moment; nothing unfinished stays, and no object."""
    app = builder.project("interrupt", SLOW)
    process = app.start("build")
    assert process.stderr is not None
    for line in process.stderr:
        if line == b"building slow\n":
            break
    wait_for_processes(app)
    started = time.monotonic()
    outcome = kill(process, signal.SIGINT)
    assert outcome.status in {130, -signal.SIGINT}
    assert b"Traceback" not in outcome.errors
    assert time.monotonic() - started < 5
    wait_until_nothing_is_left(app)
    assert not [name for name in app.objects() if name.endswith("-slow")]


def test_debug(builder: Builder) -> None:
    """`--debug` opens a shell in the failed build: its directory, variables and script, and nothing of the person's."""
    app = builder.project("debug", BAD)
    terminal = spawn(app, "build", "bad", "--debug")
    terminal.expect_exact("could not be built: its script ended with status 3")
    terminal.expect(PROMPT)
    assert "\x1b]0;title" not in (terminal.before or "")
    for command, answer in (
        ("pwd", "/build"),
        ("cat source/made", "here"),
        ("echo $HOME-$USER-$SECRET-", "/homeless-builder--"),
        ("test -w / || echo sealed", "sealed"),
        ("ls /home /root 2>&1 | grep -c x", "0"),
    ):
        terminal.sendline(command)
        terminal.expect(rf"\n{re.escape(answer)}\r\n")
        terminal.expect(PROMPT)
    # Job control: Ctrl-C is for what runs in the shell, and ends neither the shell nor devenv.
    terminal.sendline("sleep 60")
    terminal.expect_exact("sleep 60")
    time.sleep(0.3)
    terminal.sendintr()
    terminal.expect(PROMPT)
    terminal.sendline("bash -e /script; echo status $?")
    terminal.expect(r"\nstatus [13]\r\n")
    terminal.expect(PROMPT)
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 12
    wait_until_nothing_is_left(app)


def test_shell_cannot_type(builder: Builder) -> None:
    """J-08: what runs in the failed build cannot put characters into the person's terminal."""
    inject = 'perl -e \'ioctl(STDIN, 0x5412, my $c = $_) || die "refused: $!" for split //, "touch typed\\n"\''
    app = builder.project("inject", BAD)
    terminal = pexpect.spawn(
        "/bin/sh",
        [],
        cwd=str(app.directory),
        env={**app.environ, "PS1": "outer> ", "TERM": "xterm"},
        encoding="utf-8",
        timeout=TIME_LIMIT,
        dimensions=(30, 100),
    )
    terminal.expect_exact("outer> ")
    terminal.sendline(" ".join(app.command("build", "bad", "--debug")))
    terminal.expect(PROMPT)
    terminal.sendline(inject)
    terminal.expect(PROMPT)
    terminal.sendline("exit")
    terminal.expect_exact("outer> ")
    terminal.sendline("echo status $?; exit")
    terminal.expect(r"\nstatus 12\r\n")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert not (app.directory / "typed").exists()


def test_debug_without_a_terminal(builder: Builder) -> None:
    """Without a terminal there is no shell to open: that is an error, and nothing hangs."""
    app = builder.project("no-terminal", BAD)
    outcome = app.call("build", "--debug")
    assert outcome.status in {2, 12}
    assert "needs a terminal" in outcome.messages


def test_debug_of_what_succeeds(builder: Builder) -> None:
    """Where nothing fails, `--debug` changes nothing."""
    app = builder.project("succeeds", "[build.app]\nsource = false\nphases = { install = 'echo > $out' }\n")
    terminal = spawn(app, "build", "--debug")
    terminal.expect(r"built\S* \S*app")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed(builder: Builder, number: signal.Signals) -> None:
    """A-01: however devenv ends, no process of a build goes on without it, and the next command tidies up."""
    app = builder.project(f"killed-{number}", SLOW)
    process = app.start("build")
    assert process.stderr is not None
    for line in process.stderr:
        if line == b"building slow\n":
            break
    wait_for_processes(app)
    kill(process, number)
    deadline = time.monotonic() + 10
    while processes_of(app) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(app) == []
    app.devenv("gc")
    assert left_over(app) == []
    assert os.path.exists(app.manifest)
