"""What the front costs: no process, no Python; and how the program that it becomes is told apart from a child."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from devenv.activation.environ import apply_activation
from devenv.activation.shell import FILES, ShellRequest, shell_command
from devenv.activation.shells import SHELLS
from tests.functional.front.front import Front, Outcome, without_session

STRACE = shutil.which("strace")
LOOKS = 70
"""Of a call in a project of two watched files: the shell's own start, each path level, and about six for each file."""


@pytest.mark.skipif(STRACE is None, reason="needs strace")
@pytest.mark.parametrize("verb", [("run",), ("run", "--"), ("exec", "."), ("exec", "..", "--")], ids=" ".join)
def test_no_process(front: Front, api: Path, verb: tuple[str, ...]) -> None:
    """Issue 6, item 3: a warm call forks nothing, starts nothing but the command, and looks at a handful of files."""
    at = api / "src"
    at.mkdir()
    log = front.home / "log"
    wrapper = [
        STRACE or "",
        "-f",
        "-qq",
        "-o",
        str(log),
        "-e",
        "trace=process,%stat,access,faccessat,faccessat2,openat",
    ]
    activation = front.activation
    assert activation is not None
    for environ in (front.environ(), apply_activation(activation, front.environ())):
        assert front.call(*verb, "true", at=at, environ=environ, wrapper=wrapper).status == 0
        calls = log.read_text()
        assert re.findall(r"\b(v?fork|clone3?)\(", calls) == []
        started = re.findall(r'execve\("([^"]+)".* = 0$', calls, re.MULTILINE)
        assert [Path(each).name for each in started] == ["devenv", "true"]
        before = calls[: calls.index(f'execve("{started[1]}"')]
        assert len(re.findall(r"\b(?:stat|newfstatat|lstat|f?access\w*)\(", before)) <= LOOKS


def test_it_is_the_program(front: Front, api: Path) -> None:
    """The command has the process number that was started: signals, status and standard input are its own."""
    process = subprocess.Popen(
        [str(front.program), "run", "sh", "-c", "echo $$; cat; kill -TERM $$"],
        cwd=api,
        env=front.environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    content = bytes(range(256)) * 300
    output, _ = process.communicate(content, timeout=60)
    assert output == f"{process.pid}\n".encode() + content
    assert process.returncode == -signal.SIGTERM


def test_signals_have_their_defaults(front: Front, api: Path) -> None:
    """A program that writes to a reader who left is ended by SIGPIPE."""
    command = [str(front.program), "run", "yes"]
    with subprocess.Popen(command, cwd=api, env=front.environ(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(60) == -signal.SIGPIPE


def test_reading_is_use(front: Front, api: Path) -> None:
    """D: a generation whose script is read counts as used: its name is one of those whose times are looked at."""
    from devenv.generations.projects import SCRIPT_PREFIX

    os.utime(front.script, ns=(0, front.script.stat().st_mtime_ns))
    assert front.call("run", "true", at=api).status == 0
    assert front.script.name.startswith(SCRIPT_PREFIX)
    # On file systems that note it at all.
    assert front.script.stat().st_atime_ns > 0 or os.statvfs(front.script).f_flag & os.ST_NOATIME


def test_shell_is_the_users_own(front: Front, api: Path) -> None:
    """`shell` becomes `$SHELL` with the variables; what it is in is not collected as long as it lives."""
    shell = front.home / "ksh"
    shell.write_text('#!/bin/sh\necho "$# $INSIDE"; cat "$HOME/.local/state/devenv/shells/$$"; exit 3\n')
    shell.chmod(0o755)
    outcome = front.call("shell", at=api, environ=front.environ(SHELL=str(shell)))
    assert front.activation is not None
    assert (outcome.status, outcome.output.decode()) == (3, f"0 api\n{front.activation.generation}")
    assert front.call("shell", at=api, environ=front.environ(SHELL="/no/such/shell")).fell_back


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("before", [{}, {"ZDOTDIR": "/user's"}], ids=["plain", "ZDOTDIR"])
def test_shells_are_started_as_by_the_program(front: Front, api: Path, name: str, before: dict[str, str]) -> None:
    """`shell` starts bash, zsh and fish with the same arguments and variables as the program does."""
    shell = front.home / name
    shell.write_text('#!/bin/sh\nfor argument; do printf "%s\\0" "$argument"; done; echo; exec env -0\n')
    shell.chmod(0o755)
    environ = front.environ(SHELL=str(shell), **before)
    activation = front.activation
    assert activation is not None
    assert front.call("shell", at=api, environ=environ).fell_back, "nothing is there for them to read"
    file = activation.generation / FILES[name]
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    outcome = front.call("shell", at=api, environ=environ)
    expected = shell_command(front.settings, activation, ShellRequest(str(shell), environ))
    arguments, variables = outcome.output.split(b"\n", 1)
    if name not in SHELLS:
        assert str(activation.generation).encode() in outcome.output
        return
    assert arguments.decode().split("\0")[:-1] == list(expected.arguments[1:])
    assert Outcome(outcome.status, variables, outcome.errors).environ == without_session(expected.environ)
