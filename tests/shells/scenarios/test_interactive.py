"""What interactive shells get beyond variables: code of the project, completions, a mark in the prompt."""

from __future__ import annotations

import pytest

from devenv.activation.model import Interactive
from tests.shells.workspace import Workspace


def test_code_on_entering_and_leaving(workspace: Workspace, kind: str) -> None:
    """Issue 6, item 2: `hook` runs once per entering, `leave` before leaving, while the environment is still there."""
    code = Interactive(enter='echo "in $INSIDE"', leave='echo "out of $INSIDE"')
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "api"}, interactive={kind: code})
    with workspace.shell(kind) as shell:
        assert shell.run("cd api") == "devenv: entered api\nin api\n"
        assert shell.run("true") == ""
        assert shell.run("cd ..") == "out of api\n"
        assert shell.value("INSIDE") is None
        assert shell.run("cd api") == "devenv: entered api\nin api\n"
        workspace.activate(project, variables={"INSIDE": "new"}, interactive={kind: code})
        assert shell.run("true") == "out of api\ndevenv: switched to the new environment of api\nin new\n"


def test_code_that_fails(workspace: Workspace, kind: str) -> None:
    """L-11: code of the project that fails, or is no code at all, is its own affair; the prompt lives on."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"}, hook="nosuchcommand; false")
    workspace.activate(workspace.project("broken"), variables={"INSIDE": "too"}, hook="if then ((")
    with workspace.shell(kind) as shell:
        assert "nosuchcommand" in shell.run("cd api")
        assert shell.run("true") == ""
        assert shell.value("INSIDE") == "yes"
        shell.run("cd ../broken")
        assert shell.run("true") == ""
        assert shell.value("INSIDE") == "too"
        shell.run("cd ..")
        assert shell.value("INSIDE") is None


def test_code_sets_what_outlives_a_function(workspace: Workspace, kind: str) -> None:
    """The project's code runs as if it were typed: variables and options that it sets are the shell's own."""
    hook = {"fish": 'set -g MARK "$MARK+x"', "zsh": "MARK=$MARK+x", "bash": "declare MARK=$MARK+x"}[kind]
    workspace.activate(workspace.project("api"), hook=hook)
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        first = shell.value("MARK")
        assert first is not None
        assert first.count("x") == 1
        shell.run("cd ..")
        assert shell.value("MARK") == first


@pytest.mark.parametrize("marked", [True, False])
def test_mark_in_the_prompt(workspace: Workspace, kind: str, marked: bool) -> None:
    """S-09: off by default; with `DEVENV_PROMPT_MARK` the name stands before the prompt, and is gone after leaving."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.shell(kind) as shell:
        if marked:
            shell.run(shell.assign("DEVENV_PROMPT_MARK", "1"))
        mark = "(api) " if marked else ""
        assert shell.run("cd api") == f"devenv: entered api\n{mark}"
        assert shell.run("echo here") == f"here\n{mark}"
        assert shell.variables()[b"DEVENV_NAME"] == b"api" if not marked else True
        assert shell.run("cd ..") == ""
        assert shell.run("echo here") == "here\n"


def test_prompt_that_was_changed_meanwhile(workspace: Workspace, kind: str) -> None:
    """S-09: a prompt that a framework or the user sets inside an environment is theirs, and stays after leaving."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    change = {"fish": "functions -c fish_prompt own_prompt; function fish_prompt; printf new:; own_prompt; end"}
    with workspace.shell(kind) as shell:
        shell.run(shell.assign("DEVENV_PROMPT_MARK", "1"))
        shell.run("cd api")
        output = shell.run(change.get(kind, 'PS1="new:$PS1"'))
        assert "new:" in output
        after = shell.run("cd ..")
        assert after.startswith("new:")
        assert shell.run("true").startswith("new:")


def test_no_key_is_bound(workspace: Workspace, kind: str) -> None:
    """S-19: keys that a project's code binds are the shell's own; the hook itself binds none and takes none away."""
    show = {"bash": "bind -p; bind -X", "zsh": "bindkey", "fish": "bind"}[kind]
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.shell(kind) as shell:
        before = shell.run(f"{show} 2>/dev/null")
        shell.run("cd api")
        assert shell.run(f"{show} 2>/dev/null") == before
        shell.run("cd ..")
        assert shell.run(f"{show} 2>/dev/null") == before
