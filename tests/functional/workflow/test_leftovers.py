"""Processes killed between writing a file and giving it its name: the next run leaves no trace of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devenv.fsutil import find_unfinished, remove_unfinished
from tests.functional.workflow.command import TIME_LIMIT, User

PROGRAM = """
import os, signal, sys
left, replace = int(sys.argv.pop(1)), os.replace
def replace_or_die(source, target):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
os.replace = replace_or_die
from devenv.cli.entry import run_command_line
sys.exit(run_command_line(sys.argv[1:]))
"""


WRITER = """
import sys
from pathlib import Path
from devenv.fsutil import replace_link, write_atomic
directory = Path(sys.argv[1])
for number in range(3):
    write_atomic(directory / "file", b"%d" % number)
    assert (directory / "file").read_bytes() == b"%d" % number
    replace_link(directory / "link", str(number))
"""


def call_killed(user: User, number: int, *arguments: str) -> int:
    """Run `devenv`, killed just before it gives the file numbered `number` (from 1) its name; the exit status."""
    command = [sys.executable, "-c", PROGRAM, str(number), *arguments]
    done = subprocess.run(
        command,
        cwd=user.directory,
        env=dict(user.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=TIME_LIMIT,
    )
    return done.returncode


@pytest.mark.parametrize(
    ("before", "arguments", "least"),
    [
        (["deny"], ["allow"], 4),
        (["allow"], ["deny"], 2),
        (["allow"], ["reload"], 2),
        (["allow"], ["info", "just", "--refresh"], 1),
    ],
    ids=["allow", "deny", "reload", "info"],
)
def test_killed_at_each_file(user: User, before: list[str], arguments: list[str], least: int) -> None:
    """Trust, what hooks look into, generations and index pages: the same command again tidies up (A-09)."""
    api = user.project("api", "just")
    number = 1
    while True:
        api.devenv(*before)
        status = call_killed(api, number, *arguments)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        assert user.unfinished(), f"file {number}: killed without a trace"
        api.devenv(*arguments)
        assert user.unfinished() == [], f"file {number}"
        number += 1
    assert number - 1 >= least


def test_living_writer_loses_nothing(tmp_path: Path) -> None:
    """A process that tidies all the time takes nothing from another one that writes all the time."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
    while writer.poll() is None:
        remove_unfinished(tmp_path)
    assert writer.returncode == 0
    assert find_unfinished(tmp_path) == []
    assert ((tmp_path / "file").read_text(), (tmp_path / "link").readlink()) == ("2", Path("2"))
