"""Shells that are started inside an environment, of the same kind or another: each has to be able to leave it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from devenv.activation.environ import apply_activation
from devenv.activation.model import Activation, Entries, Interactive
from devenv.activation.state import leave_inherited
from tests.homes import temporary_home
from tests.shells.drivers import Shell
from tests.shells.executables import require_program
from tests.shells.workspace import BASE_PATH, KINDS, Workspace, without_session

ENTERED = {"fish": 'set -g ENTERED "x$ENTERED"'}
"""Code that counts how often it ran."""
HOW_OFTEN = "echo $ENTERED"


def activate(workspace: Workspace, name: str = "api") -> Activation:
    interactive = {
        kind: Interactive(aliases={"inside": f"echo {name}"}, enter=ENTERED.get(kind, "ENTERED=x$ENTERED"))
        for kind in KINDS
    }
    return workspace.activate(
        workspace.project(name),
        variables={"INSIDE": name, "LEVEL": "ours", "GONE": None},
        lists={
            "PATH": Entries((f"/{name}/bin", "/shared/bin"), ("/late",)),
            "MANPATH": Entries((f"/{name}/man",)),
        },
        interactive=interactive,
    )


def rc_of_all(workspace: Workspace, but: str) -> None:
    """Write what shells of the other kinds read when they are started inside."""
    for kind in KINDS:
        if kind != but:
            workspace.write_rc(kind)


@pytest.mark.parametrize("inner", KINDS)
def test_shell_in_a_shell(workspace: Workspace, kind: str, inner: str) -> None:
    """L-10, S-15: a shell started in another has aliases and hook of its own, and leaves exactly what it was given."""
    activate(workspace)
    rc_of_all(workspace, kind)
    with workspace.shell(kind, environ=workspace.environ(LEVEL="user", GONE="user")) as shell:
        before = without_session(shell.variables())
        shell.run("cd api")
        inside = without_session(shell.variables())
        with shell.nested(inner, workspace.executable(inner)) as child:
            assert child.greeting == ""
            assert without_session(child.variables()) == inside
            assert child.run(f"inside; {HOW_OFTEN}") == "api\nx\n"
            assert child.run("cd ..") == ""
            assert without_session(child.variables()) == before
            assert child.run("cd api") == "devenv: entered api\n"
        assert shell.value("INSIDE") == "api"
        assert shell.run("cd ..") == ""
        assert without_session(shell.variables()) == before


@pytest.mark.parametrize("inner", KINDS)
def test_exec_of_a_shell(workspace: Workspace, kind: str, inner: str) -> None:
    """Issue 6, item 6: after `exec zsh` and the like the new shell is inside, with its aliases, and can leave."""
    activate(workspace)
    rc_of_all(workspace, kind)
    with workspace.shell(kind, environ=workspace.environ(LEVEL="user")) as shell:
        before = without_session(shell.variables())
        shell.run("cd api")
        after = shell.replace(inner, f"exec {workspace.executable(inner)}")
        assert after.greeting == ""
        assert after.run("inside") == "api\n"
        assert after.run("cd ..") == ""
        assert without_session(after.variables()) == before


def test_shell_started_elsewhere(workspace: Workspace, kind: str) -> None:
    """S-15, direnv#106: a shell that a terminal multiplexer or editor opens elsewhere leaves what it inherited."""
    activation = activate(workspace)
    base = workspace.environ(LEVEL="user", GONE="user")
    with workspace.shell(kind, environ=apply_activation(activation, base)) as shell:
        assert shell.greeting == ""
        found = without_session(shell.variables())
        found.pop(b"USER", None)  # fish sets it where it is missing
        assert found == {name.encode(): value.encode() for name, value in base.items()}
        assert shell.value("ENTERED") is None
        assert not shell.has_command("inside")


def test_shell_started_in_another_project(workspace: Workspace, kind: str) -> None:
    """S-15, S-16: one that is started in another project's directory goes straight from the one to the other."""
    activation, other = activate(workspace), activate(workspace, "web")
    base = workspace.environ(LEVEL="user")
    with workspace.shell(kind, f"cd {other.project}", environ=apply_activation(activation, base)) as shell:
        assert shell.greeting == "devenv: entered web\n"
        found = shell.variables()
        assert found[b"PATH"] == f"/web/bin:/shared/bin:{BASE_PATH}:/late".encode()
        assert found[b"DEVENV_WAS_LEVEL"] == b"user"
        shell.run("cd /")
        assert shell.value("LEVEL") == "user"
        assert shell.value("MANPATH") is None


def test_terminal_multiplexer(workspace: Workspace, kind: str) -> None:
    """S-15, devenv#2861: windows of a tmux whose server was started inside are outside where their directory is."""
    activate(workspace)
    tmux = f"{require_program(workspace.programs, 'tmux')} -S {workspace.home}/tmux -f /dev/null"
    found = workspace.home / "window.out"
    with workspace.shell(kind, environ=workspace.environ(LEVEL="user", SHELL="/bin/sh")) as shell:
        shell.run("cd api")
        try:
            for directory, expected in (("/", None), (f"{workspace.home}/api", b"api"), ("/usr", None)):
                shell.run(f"{tmux} new-session -d -s window -c {directory} {workspace.executable(kind)}")
                shell.run(f"{tmux} send-keys -t window 'env -0 > {found}; {tmux} wait-for -S done' Enter")
                assert shell.run(f"{tmux} wait-for done") == ""
                variables = dict(entry.split(b"=", 1) for entry in found.read_bytes().split(b"\0")[:-1])
                shell.run(f"{tmux} kill-session -t window")
                assert variables.get(b"INSIDE") == expected
                assert variables[b"LEVEL"] == (b"ours" if expected else b"user")
                assert (b"DEVENV_PROJECT" in variables) == (expected is not None)
        finally:
            shell.run(f"{tmux} kill-server")


PATH_CHANGES = {
    "anew": ("PATH=/login/bin", "set PATH /login/bin"),
    "in_front": ("PATH=/first:$PATH", "set PATH /first $PATH"),
    "unset": ("unset PATH", "set -e PATH"),
    "ours_out": ("PATH=/usr/bin:${PATH##*ours/bin:}", "set PATH /usr/bin $PATH"),
}


@pytest.mark.parametrize("change", PATH_CHANGES)
def test_rc_file_that_changes_path(workspace: Workspace, kind: str, change: str) -> None:
    """S-15, flox#1848, devenv#2861: where an rc file sets PATH anew, our directories come first again, and go again."""
    activation = activate(workspace)
    environ = apply_activation(activation, workspace.environ())
    line = PATH_CHANGES[change][kind == "fish"]
    with workspace.shell(kind, f"{line}; builtin cd ~/api", environ=environ) as shell:
        inside = (shell.value("PATH") or "").split(":")
        assert inside[:2] == ["/api/bin", "/shared/bin"]
        assert inside[-1] == "/late"
        assert (inside.count("/api/bin"), inside.count("/late")) == (1, 1)
        shell.run("builtin cd ..")
        outside = (shell.value("PATH") or "").split(":")
        assert outside == (inside[2:-1] or [""])


def test_login_over_the_network(workspace: Workspace, kind: str) -> None:
    """Issue 6, item 6: what `ssh localhost` gives, a login shell with nothing inherited, enters by itself."""
    activate(workspace)
    rc_of_all(workspace, kind)
    environ = f"/usr/bin/env -i HOME={workspace.home} USER=somebody TERM=dumb LC_ALL=C.UTF-8 PATH={BASE_PATH}"
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        with shell.nested(kind, f"{environ} {workspace.executable(kind)} -l") as login:
            assert login.greeting == "devenv: entered api\n"
            login.run("cd ~")
            assert login.value("INSIDE") is None
            assert login.run("cd api") == "devenv: entered api\n"
            assert login.run(f"inside; {HOW_OFTEN}") == "api\nxx\n"
            login.run("cd /")
            assert "/api/bin" not in (login.value("PATH") or "")
        assert shell.value("INSIDE") == "api"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_shell_of_another_user(workspace: Workspace, kind: str) -> None:
    """L-09, L-10: what `sudo -E -s` gives, somebody else with our variables, is no environment there."""
    activate(workspace)
    with temporary_home() as home, workspace.shell(kind) as shell:
        home.chmod(0o755)
        other = Workspace(home, workspace.programs)
        other.write_rc(kind)
        for path in (home, *home.rglob("*")):
            os.chown(path, 65534, 65534)
        shell.run("cd api")
        become = "setpriv --reuid=65534 --regid=65534 --clear-groups"
        program = _reachable(workspace.executable(kind), shutil.which(kind))
        with shell.nested(kind, f"HOME={home} {become} {program}") as child:
            child.home = home
            assert child.run("cd /") == ""
            assert not [name for name in child.variables() if name.startswith(b"DEVENV_")]
            assert child.run("echo here") == "here\n"


def _reachable(*programs: str | None) -> str:
    """The first of these that everybody may start: a store is its owner's."""
    for program in programs:
        if program is not None and all(parent.stat().st_mode & 0o001 for parent in Path(program).resolve().parents):
            return program
    pytest.skip("the store is closed to others, and the machine has no such shell")


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
def test_hostile_environment(workspace: Workspace, kind: str, case: str) -> None:
    """L-09, S-12: what an environment claims about activation is data: it runs, sets and restores nothing."""
    activation = activate(workspace)
    planted = workspace.home / "planted"
    planted.mkdir()
    (planted / f"activate.{kind}").write_text("touch ~/broken\n")
    (planted / "activation.json").write_text("{}")
    places = {"home": workspace.home, "state": workspace.settings.state, "generation": activation.generation}
    markers = {name: value.format(**places) for name, value in HOSTILE_MARKERS[case].items()}
    environ = workspace.environ(
        **{"DEVENV_PROJECT": str(planted), "DEVENV_WAS_LEVEL": "hostile", "LEVEL": "mine", **markers}
    )
    with workspace.shell(kind, environ=environ) as shell:
        assert shell.greeting == ""
        found = without_session(shell.variables())
        assert found[b"LEVEL"] == b"mine"
        assert found[b"PATH"] == BASE_PATH.encode()
        assert not [name for name in found if name.startswith(b"DEVENV_")]
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.variables()[b"DEVENV_WAS_LEVEL"] == b"mine"
    assert leave_inherited(workspace.settings, environ) == {
        name: value for name, value in environ.items() if not name.startswith("DEVENV_")
    }
    assert not (workspace.home / "broken").exists()


def _count(shell: Shell) -> str:
    return shell.run(f"inside; {HOW_OFTEN}")


def test_devenv_shell_stays_in_its_environment(workspace: Workspace, kind: str) -> None:
    """Issue 2, item 8: `devenv shell` keeps the user's interactive settings, and its environment wherever it goes."""
    activation, other = activate(workspace), activate(workspace, "other")
    prepend = {"fish": "set PATH /rc/bin $PATH"}.get(kind, "PATH=/rc/bin:$PATH")
    workspace.write_rc(kind, f"alias mine='echo mine'; {prepend}")
    inherited = apply_activation(other, workspace.environ(LEVEL="user"))
    with workspace.devenv_shell(kind, activation, inherited) as shell:
        assert shell.greeting == ""
        for directory in ("~", "~/other", "~/api", "/"):
            assert shell.run(f"cd {directory}") == ""
            assert shell.run("echo $INSIDE; mine") == "api\nmine\n"
            assert _count(shell) == "api\nx\n"
            assert shell.value("PATH") == f"/api/bin:/shared/bin:/rc/bin:{BASE_PATH}:/late"
        shell.run("cd")
        workspace.write_rc(kind)
        with shell.nested(kind, workspace.executable(kind)) as child:
            assert child.value("INSIDE") is None
            assert child.value("LEVEL") == "user"


def test_devenv_shell_in_a_named_environment(workspace: Workspace, kind: str) -> None:
    """Issue 7, item 2: `devenv shell -e NAME` stays in that one, in the project too; `cd` enters the default."""
    default = activate(workspace)
    named = workspace.realize(default.project, variables={"INSIDE": "named"}, name="api (ci)")
    workspace.write_rc(kind)
    with workspace.devenv_shell(kind, named, workspace.environ()) as shell:
        assert shell.value("INSIDE") == "named"
        for directory in ("~/api", "/"):
            assert shell.run(f"cd {directory}") == ""
            assert shell.run("echo $INSIDE $DEVENV_NAME") == "named api (ci)\n"
        shell.run("cd ~/api")
        with shell.nested(kind, workspace.executable(kind)) as child:
            assert child.value("INSIDE") == "api"
            assert child.value("DEVENV_NAME") == "api"
    with workspace.shell(kind) as shell:
        shell.run("cd api")
        assert shell.value("INSIDE") == "api"
