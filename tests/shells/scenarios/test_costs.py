"""What the hook costs at a prompt, counted with strace: no process ever, and a known number of looks at files."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from devenv.activation.model import Interactive
from tests.shells.drivers import Shell
from tests.shells.workspace import KINDS, Workspace

NEW_PROCESS = re.compile(r"^\d+ +(?:fork|vfork|clone3?)\((?!.*CLONE_THREAD)", re.MULTILINE)


def strace(*options: str) -> list[str]:
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not here: install it with the system's package manager")
    return [program, "-f", *options]


def test_no_process_is_started(workspace: Workspace, kind: str) -> None:
    """Invariant 7, L-01: prompts, entering, leaving, switching and the notice about a foreign project start nothing."""
    first, second = workspace.project("first"), workspace.project("second")
    workspace.project("foreign")
    interactive = Interactive(aliases={"ll": "ls"}, functions={"greet": "echo hello"})
    for project in (first, second):
        workspace.activate(
            project,
            variables={"INSIDE": "yes", "GONE": None},
            paths={"PATH": ("/ours",)},
            interactive=dict.fromkeys(KINDS, interactive),
        )
    log = workspace.home / "trace"
    commands = [
        "cd first",
        "true",
        "cd ../second",
        "true",
        "cd ../foreign",
        "true",
        "cd ..",
        "true",
        "cd first",
        "cd /",
    ]
    with workspace.shell(kind, wrapper=strace("-e", "trace=process", "-o", str(log))) as shell:
        shell.run("command true")
        started = len(NEW_PROCESS.findall(log.read_text()))
        for command in commands:
            shell.run(command)
        shell.run(shell.surround("PATH", "/x:"))
        shell.run("cd ~/first")
        shell.run(shell.surround("PATH", "/y:"))
        shell.run("cd /")
        assert len(NEW_PROCESS.findall(log.read_text())) == started
        shell.run("/bin/true")
        assert len(NEW_PROCESS.findall(log.read_text())) == started + 1, "what a process looks like in the trace"


def looks(workspace: Workspace, log: Path, shell: Shell) -> list[str]:
    """The lines of the trace in which one prompt asks for what belongs to devenv or to projects."""
    shell.run("test -e /mark-one\ntest -e /mark-two")
    between = log.read_text().rsplit("/mark-one", 1)[1].split("/mark-two")[0]
    ours = re.compile(rf'"({re.escape(str(workspace.home))}[^"]*)?/(active|projects|api|deep)\b[^"]*"|"[^"]*devenv\.')
    # fish looks whether what was typed is a file.
    return [line for line in between.splitlines() if ours.search(line) and '/-e"' not in line]


def test_looks_at_files(workspace: Workspace, kind: str) -> None:
    """S-20, mise#7312: a settled prompt looks at most twice at each watched file and its stamp, however deep it is."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    far = workspace.home.joinpath("deep", *["d"] * 30)
    inside = project.joinpath(*["d"] * 30)
    for directory in (far, inside):
        directory.mkdir(parents=True)
    log = workspace.home / "trace"
    with workspace.shell(kind, wrapper=strace("-e", "trace=%file", "-o", str(log))) as shell:
        shell.run("cd api")
        assert 1 <= len(looks(workspace, log, shell)) <= 8
        shell.run(f"cd {inside}")
        assert len(looks(workspace, log, shell)) <= 8 + 1, "what does not exist is one look, however much below it"
        shell.run(f"cd {far}")
        assert len(looks(workspace, log, shell)) <= len(workspace.home.parts) + 1
