"""Shells that are started inside an environment: by an interactive shell, by `devenv run`, by `devenv shell`."""

from __future__ import annotations

import os
import subprocess

import pytest

from devenv.activation.environ import apply_activation
from devenv.activation.model import Activation
from devenv.activation.shell import ShellRequest, shell_command
from devenv.activation.state import leave_inherited
from tests.shells.workspace import BASE_PATH, Workspace


def activate(workspace: Workspace, name: str = "api") -> Activation:
    return workspace.activate(
        workspace.project(name),
        variables={"INSIDE": name, "LEVEL": "ours"},
        paths={"PATH": (f"/{name}/bin", "/shared/bin"), "MANPATH": (f"/{name}/man",)},
        aliases={"inside": f"echo {name}"},
        hook="(( ++ENTERED ))",
    )


def without_session(variables: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Without what every shell sets for itself."""
    return {name: value for name, value in variables.items() if name not in {b"_", b"PWD", b"OLDPWD", b"SHLVL"}}


def test_child_shell_stays_and_leaves(workspace: Workspace) -> None:
    """L-12, SHELLS: a bash started inside an environment has aliases and hook of its own, and leaves it exactly."""
    activate(workspace)
    with workspace.bash("HOMEMADE=1", environ=workspace.environ(LEVEL="user")) as bash:
        before = without_session(bash.variables())
        bash.run("cd api")
        inside = without_session(bash.variables())
        assert bash.run("bash") == ""
        assert without_session(bash.variables()) == inside
        assert bash.run("inside; echo $ENTERED") == "api\n1\n"
        assert bash.run("cd ..") == ""
        assert without_session(bash.variables()) == before
        bash.run("exit")
        assert bash.run("echo $INSIDE") == "api\n"
        assert bash.run("exec bash") == ""
        assert bash.run("inside") == "api\n"
        bash.run("cd ..")
        assert without_session(bash.variables()) == before


def test_child_shell_started_elsewhere(workspace: Workspace) -> None:
    """direnv#106: a shell that a terminal multiplexer opens in another directory leaves what it inherited."""
    activation = activate(workspace)
    base = workspace.environ(LEVEL="user")
    with workspace.bash(environ=apply_activation(activation, base)) as bash:
        assert without_session(bash.variables()) == {name.encode(): value.encode() for name, value in base.items()}
        assert bash.run("echo ${ENTERED-never}") == "never\n"


PATH_CHANGES = ["PATH=/login/bin", "PATH=/first:$PATH", "unset PATH", "PATH=/usr/bin:${PATH##*ours/bin:}"]


@pytest.mark.parametrize("change", PATH_CHANGES)
def test_rc_file_that_changes_path(workspace: Workspace, change: str) -> None:
    """flox#1848, devenv#2861: where a login shell or rc file sets PATH anew, our directories come first again."""
    activation = activate(workspace)
    environ = apply_activation(activation, workspace.environ())
    with workspace.bash(f"{change}; builtin cd ~/api", environ=environ) as bash:
        inside = bash.run("echo $PATH").strip().split(":")
        assert inside[:2] == ["/api/bin", "/shared/bin"]
        assert inside.count("/api/bin") == 1
        bash.run("builtin cd ..")
        outside = bash.run("echo $PATH").strip().split(":")
        assert outside == (inside[2:] or [""])


HOSTILE_MARKERS = {
    "outside": {"DEVENV_GENERATION": "{home}/planted"},
    "climbing": {"DEVENV_GENERATION": "{state}/projects/../../../../planted"},
    "other_name": {"DEVENV_GENERATION": "{state}/projects/" + "a" * 32 + "/generations/1/../../../../../../../planted"},
    "missing": {"DEVENV_GENERATION": "{state}/projects/" + "a" * 32 + "/generations/1"},
    "other_project": {"DEVENV_GENERATION": "{generation}", "DEVENV_PROJECT": "/"},
    "no_project": {"DEVENV_GENERATION": "{generation}", "DEVENV_PROJECT": ""},
    "subscript": {"DEVENV_GENERATION": "a[$(touch broken)]", "DEVENV_WAS_x": "a[$(touch broken)]"},
    "own_state": {
        "__devenv_installed": "1",
        "__devenv_state": "{home}/planted",
        "__devenv_pending": "touch ~/broken",
        "__devenv_here": ":{home}",
        "__devenv_project": "{home}/",
        "__devenv_pinned": "1",
    },
}


@pytest.mark.parametrize("case", HOSTILE_MARKERS)
def test_hostile_environment(workspace: Workspace, case: str) -> None:
    """L-09: what an environment claims about activation is data: it runs nothing, sets nothing and restores nothing."""
    activation = activate(workspace)
    planted = workspace.home / "planted"
    planted.mkdir()
    (planted / "activate.bash").write_text("touch ~/broken\n")
    (planted / "activation.json").write_text("{}")
    places = {"home": workspace.home, "state": workspace.settings.state, "generation": activation.generation}
    markers = {name: value.format(**places) for name, value in HOSTILE_MARKERS[case].items()}
    environ = workspace.environ(
        **{"DEVENV_PROJECT": str(planted), "DEVENV_WAS_LEVEL": "hostile", "LEVEL": "mine", **markers}
    )
    with workspace.bash(environ=environ) as bash:
        assert bash.greeting == ""
        found = without_session(bash.variables())
        assert found[b"LEVEL"] == b"mine"
        assert found[b"PATH"] == BASE_PATH.encode()
        assert not [name for name in found if name.startswith(b"DEVENV_")]
        assert bash.run("cd api") == "devenv: entered api\n"
        assert bash.variables()[b"DEVENV_WAS_LEVEL"] == b"mine"
    assert leave_inherited(workspace.settings, environ) == {
        name: value for name, value in environ.items() if not name.startswith("DEVENV_")
    }
    assert not (workspace.home / "broken").exists()


def test_devenv_shell_stays_in_its_environment(workspace: Workspace) -> None:
    """Issue 2, item 8: `devenv shell` keeps the user's interactive settings, and its environment wherever it goes."""
    activation, other = activate(workspace), activate(workspace, "other")
    with workspace.bash("alias mine='echo mine'; PATH=/rc/bin:$PATH"):
        pass  # writes ~/.bashrc, which has the hook too
    inherited = apply_activation(other, workspace.environ(LEVEL="user"))
    with workspace.devenv_shell("bash", activation, inherited) as bash:
        assert bash.greeting == ""
        for directory in ("~", "~/other", "~/api", "/"):
            assert bash.run(f"cd {directory}") == ""
            assert bash.run("echo $INSIDE; mine; inside; echo $ENTERED") == "api\nmine\napi\n1\n"
            assert bash.run("echo $PATH") == f"/api/bin:/shared/bin:/rc/bin:{BASE_PATH}\n"
        (workspace.home / ".bashrc").write_text(
            (workspace.home / ".bashrc").read_text().replace("/rc/bin", "/again/bin")
        )
        bash.run("cd; bash")
        assert bash.run("echo ${INSIDE-left} $LEVEL") == "left user\n"


def test_devenv_shell_without_a_terminal(workspace: Workspace) -> None:
    """A bash that is not interactive reads no rc file: it has the variables all the same."""
    activation = activate(workspace)
    command = shell_command(
        workspace.settings, activation, ShellRequest("bash", workspace.program, workspace.environ())
    )
    result = subprocess.run(
        command.arguments, input=b"echo $INSIDE", env=dict(command.environ), capture_output=True, check=True, timeout=30
    )
    assert result.stdout == b"api\n"


def test_other_shells_get_the_variables(workspace: Workspace) -> None:
    """`devenv shell` starts any shell; one that devenv has no script for gets the environment alone."""
    activation = activate(workspace)
    command = shell_command(workspace.settings, activation, ShellRequest("/bin/sh", workspace.program, os.environ))
    assert command.arguments == ("/bin/sh",)
    assert command.environ["INSIDE"] == "api"
