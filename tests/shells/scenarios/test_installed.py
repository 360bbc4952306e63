"""Shells of every kind whose startup files `devenv hook --install` has edited: no program starts, nothing is left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

import pytest

from devenv.activation.hook_files import hook_path
from devenv.activation.shells import SHELLS
from devenv.activation.startup_files import startup_path
from devenv.events import ignore
from devenv.workflow.hook_setup import install_hooks, uninstall_hooks
from devenv.workflow.tools import Tools
from tests.shells.drivers import RC_FILES, write_rc
from tests.shells.executables import require_program
from tests.shells.workspace import Workspace

COUNTS: Mapping[str, str] = {
    "bash": "compgen -A function __devenv || :",
    "zsh": "print -l ${(k)functions[(I)__devenv*]}",
    "fish": "functions --all --names | string match '__devenv*' || true",
}
"""What prints the names of the hook's functions."""


@pytest.fixture(params=SHELLS)
def name(request: pytest.FixtureRequest) -> str:
    """Every shell that has a hook."""
    return str(request.param)


def start(workspace: Workspace, name: str, *wrapper: str) -> subprocess.CompletedProcess[str]:
    """A new interactive shell that says whether it has the hook."""
    program = require_program(workspace.programs, name)
    return subprocess.run(
        [*wrapper, program, "-i", "-c", COUNTS[name]],
        check=True,
        env=workspace.environ(),
        cwd=workspace.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def set_up(workspace: Workspace, name: str, *, installed: bool) -> None:
    with Tools(workspace.settings, workspace.environ(), ignore) as tools:
        if installed:
            install_hooks(tools, [name], workspace.program, dry_run=False)
        else:
            uninstall_hooks(tools, [name], dry_run=False)


def count_programs(workspace: Workspace, name: str) -> int:
    """How many programs a new shell starts, itself included."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not here: install it with the system's package manager")
    log = workspace.home / "trace"
    start(workspace, name, strace, "-f", "-e", "trace=execve", "-o", str(log))
    return sum("execve(" in line and "= 0" in line for line in log.read_text().splitlines())


def test_installed(workspace: Workspace, name: str) -> None:
    """Issue 6, Deliver 1: new shells have the hook without starting a program, until it is taken out to the byte."""
    write_rc(workspace.home, name, "", "", "")
    own = workspace.home / RC_FILES[name]
    before, programs = own.read_bytes(), count_programs(workspace, name)
    assert "__devenv" not in start(workspace, name).stdout
    set_up(workspace, name, installed=True)
    assert "__devenv" in start(workspace, name).stdout
    assert count_programs(workspace, name) == programs
    set_up(workspace, name, installed=False)
    assert own.read_bytes() == before
    assert "__devenv" not in start(workspace, name).stdout


def test_devenv_gone(workspace: Workspace, name: str) -> None:
    """L-11: where devenv was deleted with its state, new shells start as usual and say nothing of it."""
    write_rc(workspace.home, name, "", "", "")
    set_up(workspace, name, installed=True)
    hook_path(workspace.settings, name).unlink()
    assert startup_path(name, workspace.home, {}).exists()
    gone = start(workspace, name)
    # What shells say about having no terminal names their process.
    assert ("__devenv" in gone.stdout, "devenv" in gone.stderr) == (False, False)
