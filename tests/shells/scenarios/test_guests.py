"""The hook as a guest in somebody's shell: what it must not disturb, whatever that somebody does."""

from __future__ import annotations

import re

import pytest

from tests.shells.workspace import Workspace

PIPES = {"bash": "${PIPESTATUS[*]}", "zsh": "${pipestatus[*]}", "fish": "$pipestatus"}


def test_status_of_the_last_command(workspace: Workspace, kind: str) -> None:
    """S-01: the status and those of a pipe are as the last command left them, whatever the prompt did meanwhile."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "1"}, hook="false")
    pipe = "sh -c 'exit 3' | sh -c 'exit 5' | sh -c 'exit 4'"
    with workspace.shell(kind) as shell:
        for directory in ("~/api", "~", "~/api"):
            shell.run(f"cd {directory}; {pipe}")
            assert shell.run(f'echo "{PIPES[kind]}"') == "3 5 4\n"
            shell.run("sh -c 'exit 7'")
            assert shell.run(f"echo {shell.status}") == "7\n"
        workspace.activate(project, variables={"INSIDE": "2"}, hook="false")
        shell.run("sh -c 'exit 9'")
        assert shell.run(f"echo {shell.status}") == "9\n"
        assert shell.value("INSIDE") == "2"


def test_hook_that_is_read_again(workspace: Workspace, kind: str) -> None:
    """S-02: however often the rc file is read, also inside a project, the hook is there once and nothing is lost."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"}, aliases={"inside": "echo yes"})
    again = f"source ~/hook.{kind}"
    with workspace.shell(kind, "", f"{again}; {again}") as shell:
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.run(f"{again}\n{again}") == ""
        assert shell.run("inside; echo $INSIDE") == "yes\nyes\n"
        assert shell.run("cd ..") == ""
        assert shell.value("INSIDE") is None
        assert not shell.has_command("inside")
        assert shell.run("cd api") == "devenv: entered api\n"


def test_not_in_shells_without_a_prompt(workspace: Workspace, kind: str) -> None:
    """S-05, L-10: scripts keep what they have, even if they read the rc file; so do command substitutions."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    program = workspace.executable(kind)
    inner = f'source ~/hook.{kind}; cd ~/api; echo "in $INSIDE"'
    with workspace.shell(kind) as shell:
        assert shell.run(f"{program} -c '{inner}'") == "in \n"
        shell.run(f"echo '{inner}' > ~/script")
        assert shell.run(f"{program} ~/script") == "in \n"
        assert shell.run(f"{program} < ~/script") == "in \n"
        shell.run("cd api")
        assert shell.run(f"{program} -c 'cd /; echo \"in $INSIDE\"'") == "in yes\n", (
            "what is inherited stays in scripts"
        )
        assert shell.run(f"{program} -c 'source ~/hook.{kind}; cd /; echo $INSIDE'") == "yes\n"
        assert shell.value("INSIDE") == "yes"


def test_subshells_are_left_alone(workspace: Workspace, kind: str) -> None:
    """S-05, L-10: subshells and command substitutions that change the directory do not follow it, nor say a word."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    if kind == "fish":
        pytest.skip("fish has no subshells, and its command substitutions are this shell, with its directory")
    with workspace.shell(kind) as shell:
        assert shell.run('(cd api; echo "in $INSIDE"); echo "$(cd api; echo "in $INSIDE")-"') == "in \nin -\n"
        assert shell.run('cd api | cat; echo "in $INSIDE"') == "in \n"
        shell.run("cd api")
        assert shell.run('(cd /; echo "in $INSIDE")') == "in yes\n"
        assert shell.run("true") == ""


def test_functions_of_the_user_stay(workspace: Workspace, kind: str) -> None:
    """A user's own `cd` stays as it is, and the environment follows the directory all the same."""
    workspace.activate(workspace.project("api"), variables={"WHERE": "api"})
    own = {"fish": "function cd; builtin cd $argv; and echo mine; end"}
    with workspace.shell(kind, own.get(kind, 'cd() { builtin cd "$@" && echo mine; }')) as shell:
        assert sorted(shell.run("cd api").splitlines()) == ["devenv: entered api", "mine"]
        assert shell.value("WHERE") == "api"
        assert shell.run("cd ..") == "mine\n"
        assert shell.value("WHERE") is None


def test_special_names_are_refused(workspace: Workspace, kind: str) -> None:
    """S-12: names are letters, digits and `_`: nothing in a subscript can be run, in values neither."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "a[$(touch ~/broken)]"})
    environ = workspace.environ(**{"INSIDE": "x[$(touch ~/broken)]", "DEVENV_WAS_a[$(touch ~/broken)]": "1"})
    with workspace.shell(kind, environ=environ) as shell:
        shell.run("cd api\ncd ..\ncd api\ncd ..")
        assert shell.variables()[b"INSIDE"] == b"x[$(touch ~/broken)]"
    assert not (workspace.home / "broken").exists()


def test_shell_without_a_home(workspace: Workspace, kind: str) -> None:
    """L-11: with HOME unset, and PATH empty, prompts come and projects are entered: the hook needs neither."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    with workspace.shell(kind) as shell:
        shell.run(shell.unset("HOME"))
        shell.run(shell.assign("PATH", ""))
        assert shell.run(f"cd {project}") == "devenv: entered api\n"
        assert shell.value("INSIDE") == "yes"
        assert shell.run("cd /") == ""
        assert shell.value("PATH") in ("", "."), "fish spells the working directory"


def test_state_that_is_gone(workspace: Workspace, kind: str) -> None:
    """L-11: where all of devenv's state is deleted under a shell it leaves, and its prompt lives on."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"}, paths={"PATH": ("/ours",)})
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        before = shell.variables()[b"PATH"].removeprefix(b"/ours:")
        shell.run("rm -rf ~/.local/state/devenv")
        said = shell.run("true") + shell.run("true")
        assert said.count("\n") <= 1
        shell.run("cd ~")
        assert shell.value("INSIDE") is None
        assert shell.variables()[b"PATH"] == before


@pytest.mark.parametrize("damage", ["truncated", "other_format", "moved", "empty", "directory"])
def test_script_that_does_not_fit(workspace: Workspace, kind: str, damage: str) -> None:
    """A-15, L-09: a script that breaks off, or is for another hook or place, has no effect; that is said once."""
    project = workspace.project("api")
    activation = workspace.activate(project, variables={"INSIDE": "yes"}, paths={"PATH": ("/ours",)}, hook="echo ran")
    script = activation.generation / f"activate.{kind}"
    text = script.read_text()
    if damage == "directory":
        script.unlink()
        script.mkdir()
    else:
        spoilt = {
            "truncated": text.rstrip("\n")[:-2],
            "other_format": re.sub(r"(?m)^(__devenv_\w+) \d+ ", r"\1 999 ", text),
            "moved": text.replace(str(project), f"{project}2"),
            "empty": "",
        }
        script.write_text(spoilt[damage])
    with workspace.shell(kind) as shell:
        before = shell.variables()[b"PATH"]
        assert "does not fit this shell" in shell.run("cd api")
        assert "does not fit" not in shell.run("true")
        after = shell.variables()
        assert b"INSIDE" not in after
        assert b"DEVENV_PROJECT" not in after
        assert after[b"PATH"] == before
        workspace.activate(project, variables={"INSIDE": "again"})
        assert "devenv: entered api\n" in shell.run("true")
        assert shell.value("INSIDE") == "again"
