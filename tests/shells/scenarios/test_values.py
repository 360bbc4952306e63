"""Values, names and paths with whatever bytes they may hold, through real shells into a child process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.shells.workspace import BASE_PATH, Workspace, prompt_until

NAMED = {
    "single_quote": b"it's",
    "double_quote": b'say "hi"',
    "backslash": b"\\",
    "ends_in_backslash": b"a\\",
    "breaks_out": b"\\'; touch broken; '\\",
    "command": b"$(touch broken)",
    "backticks": b"`touch broken`",
    "variable": b"$HOME ${HOME}",
    "history": b"!! !$ !touch",
    "newline": b"one\ntwo\n",
    "carriage_return": b"one\rtwo\r\n",
    "escape": b"\x1b[31mred\x1b[0m",
    "tab": b"a\tb",
    "format": b"%s %d %n",
    "utf8": "grüße 漢字 \u202e".encode(),
    "not_utf8": b"\xff\xfe\xc3(",
    "control": bytes(range(1, 32)) + b"\x7f",
    "every_byte": bytes(range(1, 256)),
    "leading_dash": b"-n",
    "empty": b"",
    "spaces": b"  a  b  ",
    "globs": b"* ? [a] {a,b} ~",
    "long": b"x'\\\n" * (16 << 10),
}
VALUES = {f"V_{name}": value for name, value in NAMED.items()}


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_values_arrive_byte_for_byte(workspace: Workspace, kind: str, locale: str) -> None:
    """M-01, S-11: any value reaches a process started from the shell unchanged, and runs nothing on the way."""
    project = workspace.project("values")
    workspace.activate(project, variables={name: os.fsdecode(value) for name, value in VALUES.items()})
    with workspace.shell(kind, environ=workspace.environ(LC_ALL=locale)) as shell:
        shell.run("cd values")
        found = shell.variables()
        assert {name: found.get(name.encode()) for name in VALUES} == VALUES
        shell.run("cd ..")
        assert not set(shell.variables()) & {name.encode() for name in VALUES}
    assert not list(workspace.home.rglob("broken"))


def test_values_of_the_user_come_back_byte_for_byte(workspace: Workspace, kind: str) -> None:
    """M-01, L-12: a value that the user had is restored whatever bytes it holds."""
    project = workspace.project("values")
    workspace.activate(project, variables=dict.fromkeys(VALUES, "ours"))
    before = {name: os.fsdecode(value) for name, value in VALUES.items()}
    with workspace.shell(kind, environ=workspace.environ(**before)) as shell:
        shell.run("cd values")
        found = shell.variables()
        assert {found[name.encode()] for name in VALUES} == {b"ours"}
        assert {name: found[f"DEVENV_WAS_{name}".encode()] for name in VALUES} == VALUES
        shell.run("cd ..")
        after = shell.variables()
        assert {name: after.get(name.encode()) for name in VALUES} == VALUES
        assert not [name for name in after if name.startswith(b"DEVENV_")]


def test_list_entries_arrive_byte_for_byte(workspace: Workspace, kind: str) -> None:
    """M-01: directories with hostile names stand in front of PATH and go again, though the user added one."""
    entries = ("/a b/'bin'", "/$(x)`y`/\\", "/\udcff\udcc3/ü", '/"*"', "/]", "/é\r\t")
    project = workspace.project("lists")
    workspace.activate(project, paths={"PATH": entries, "MANPATH": ("/man",)})
    with workspace.shell(kind) as shell:
        shell.run("cd lists")
        found = shell.variables()
        assert found[b"PATH"] == os.fsencode(":".join([*entries, BASE_PATH]))
        assert found[b"MANPATH"] == b"/man:"
        shell.run(shell.surround("PATH", "/first:", ":/last"))
        shell.run("cd ..")
        after = shell.variables()
        assert after[b"PATH"] == f"/first:{BASE_PATH}:/last".encode()
        assert b"MANPATH" not in after


HOSTILE_NAMES = [
    "it's",
    'say "hi"',
    "$HOME",
    "$(touch broken)",
    "`touch broken`",
    "a;touch broken",
    "two\nlines",
    "ends in newline\n",
    "100%s",
    "back\\slash",
    "two words",
    "*",
    "[a]",
    "]",
    "\u202egnp.exe",
    "\x1b[31m",
    "\udcff",
    "-n",
    "~",
    "!!",
    "@devenv2",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_project_paths_with_hostile_names(workspace: Workspace, kind: str, name: str) -> None:
    """M-02, L-13: a project is entered and left whatever its name; messages show no control characters."""
    parent = workspace.home / "parent"
    parent.mkdir()
    project = workspace.project(name, parent)
    with workspace.shell(kind) as shell:
        notice = shell.run(f"cd {shell.word(str(project))}")
        assert notice.startswith("devenv: the project ")
        assert notice.count("\n") == 1
        assert notice.strip().isprintable()
        workspace.activate(project, variables={"INSIDE": "yes"})
        assert shell.run("true").startswith("devenv: entered ")
        assert shell.variables()[b"DEVENV_PROJECT"] == os.fsencode(project)
        assert shell.run("true") == ""
        shell.run("cd ~/parent")
        assert b"INSIDE" not in shell.variables()
    assert not list(workspace.home.rglob("broken"))


def test_state_directory_and_program_with_hostile_names(tmp_path: Path, programs: Mapping[str, str], kind: str) -> None:
    """M-04: the places put into the hook are words of their own, whatever they hold."""
    home = tmp_path.resolve() / 'it\'s $(touch broken) `x` "ho me"\\'
    home.mkdir()
    workspace = Workspace(home, programs)
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.shell(kind) as shell:
        assert shell.greeting == ""
        assert shell.run("cd api") == "devenv: entered api\n"
        (home / "api" / "devenv.toml").write_text("changed = 1\n")
        prompt_until(shell, "devenv: the files of")
    assert not list(home.rglob("broken"))
