"""What the user changed inside an environment stays, in every shell; what is still as it was set goes back."""

from __future__ import annotations

from devenv.activation.model import Entries, Interactive
from tests.shells.workspace import BASE_PATH, Workspace


def test_what_the_user_changed_stays(workspace: Workspace, kind: str) -> None:
    """L-12, S-13, direnv#1112: leaving undoes what is still as it was set and keeps every change of the user's."""
    names = ("KEPT", "GONE", "BACK", "EMPTY", "UNSET", "PLAIN")
    workspace.activate(
        workspace.project("api"),
        variables=dict.fromkeys(names, "ours"),
        paths={"PATH": ("/ours/bin", "/ours/sbin"), "MANPATH": ("/ours/man",), "CPATH": ("/ours/include",)},
    )
    environ = workspace.environ(KEPT="before", GONE="before", BACK="before", EMPTY="", CPATH="")
    with workspace.shell(kind, environ=environ) as shell:
        shell.run(shell.assign("PLAIN", "before"))
        shell.run("cd api")
        assert shell.variables()[b"PLAIN"] == b"ours"
        shell.run(shell.assign("KEPT", "mine"))
        shell.run(shell.unset("GONE"))
        shell.run(shell.surround("PATH", "/first:", ":/last"))
        shell.run(shell.surround("MANPATH", after="/mine"))
        shell.run("cd ..")
        after = shell.variables()
        assert after[b"KEPT"] == b"mine"
        assert b"GONE" not in after
        assert after[b"BACK"] == b"before"
        assert after[b"EMPTY"] == b""
        assert b"UNSET" not in after
        assert b"PLAIN" not in after
        assert shell.value("PLAIN") == "before"
        assert after[b"PATH"] == f"/first:{BASE_PATH}:/last".encode()
        assert after[b"MANPATH"] == b"/mine"
        assert after[b"CPATH"] == b""


def test_unset_and_empty_are_different(workspace: Workspace, kind: str) -> None:
    """S-14, direnv#792: what was empty is empty again, what was unset is unset, and nothing else is touched."""
    variables = {"WAS_EMPTY": "ours", "WAS_UNSET": "ours", "TO_EMPTY": "", "TO_NOTHING": None}
    workspace.activate(workspace.project("api"), variables=variables)
    environ = workspace.environ(WAS_EMPTY="", TO_EMPTY="user", TO_NOTHING="")
    with workspace.shell(kind, environ=environ) as shell:
        shell.run(shell.assign("PS2", "more "))
        shell.run("cd api")
        inside = shell.variables()
        assert inside[b"TO_EMPTY"] == b""
        assert b"TO_NOTHING" not in inside
        shell.run("cd ..")
        after = shell.variables()
        assert after[b"WAS_EMPTY"] == b""
        assert b"WAS_UNSET" not in after
        assert after[b"TO_EMPTY"] == b"user"
        assert after[b"TO_NOTHING"] == b""
        assert shell.value("PS2") == "more "


def test_variables_that_are_to_be_unset(workspace: Workspace, kind: str) -> None:
    """Issue 6, item 2: a variable unset by the project comes back, unless the user set it meanwhile."""
    names = ("BACK", "SET", "LOCAL", "NEVER")
    workspace.activate(workspace.project("api"), variables=dict.fromkeys(names))
    with workspace.shell(kind, environ=workspace.environ(BACK="user", SET="user")) as shell:
        shell.run(shell.assign("LOCAL", "user"))
        shell.run("cd api")
        assert [shell.value(name) for name in names] == [None] * 4
        shell.run(shell.assign("SET", "mine"))
        shell.run("cd ..")
        assert [shell.value(name) for name in names] == ["user", "mine", "user", None]
        assert shell.variables()[b"BACK"] == b"user"
        assert b"LOCAL" not in shell.variables()


def test_entries_behind(workspace: Workspace, kind: str) -> None:
    """Issue 6, item 2: entries behind the user's own are taken out again, whatever came behind them meanwhile."""
    lists = {"PATH": Entries((), ("/late/one", "/late/two")), "CPATH": Entries(("/x",), ("/x",))}
    workspace.activate(workspace.project("api"), lists=lists)
    with workspace.shell(kind, environ=workspace.environ(CPATH="/x")) as shell:
        shell.run("cd api")
        assert shell.variables()[b"PATH"] == f"{BASE_PATH}:/late/one:/late/two".encode()
        assert shell.variables()[b"CPATH"] == b"/x:/x:/x"
        shell.run(shell.surround("PATH", after=":/last"))
        shell.run(shell.surround("CPATH", "/y:", ":/z"))
        shell.run("cd ..")
        assert shell.variables()[b"PATH"] == f"{BASE_PATH}:/last".encode()
        assert shell.variables()[b"CPATH"] == b"/y:/x:/z"


def test_aliases_and_functions(workspace: Workspace, kind: str) -> None:
    """S-19, direnv#73: aliases and functions come and leave again; the user's come back, changes stay."""
    names = ("old", "new", "changed", "removed")
    interactive = Interactive(
        aliases={f"a_{name}": "echo ours" for name in names}, functions={f"f_{name}": "echo ours" for name in names}
    )
    workspace.activate(workspace.project("api"), interactive={kind: interactive})
    with workspace.shell(kind) as shell:
        for name in ("old", "changed", "removed"):
            shell.run(shell.alias(f"a_{name}", f"echo {name}"))
            shell.run(shell.function(f"f_{name}", f"echo {name}"))
        shell.run("cd api")
        for name in names:
            assert shell.run(f"a_{name}; f_{name}") == "ours\nours\n"
        shell.run(shell.alias("a_changed", "echo mine"))
        shell.run(shell.function("f_changed", "echo mine"))
        shell.run(shell.unalias("a_removed"))
        shell.run(shell.remove_function("f_removed"))
        shell.run("cd ..")
        assert shell.run("a_old; f_old; a_changed; f_changed") == "old\nold\nmine\nmine\n"
        for name in ("a_new", "f_new", "a_removed", "f_removed"):
            assert not shell.has_command(name), name


def test_functions_with_arguments_and_lines(workspace: Workspace, kind: str) -> None:
    """Bodies of functions keep their lines, quotes and arguments; the user's own comes back as it was."""
    body = {"fish": 'set -l first $argv[1]\necho "it\'s $first"\n'}.get(kind, 'local first=$1\necho "it\'s $first"\n')
    interactive = Interactive(functions={"greet": body})
    workspace.activate(workspace.project("api"), interactive={kind: interactive})
    with workspace.shell(kind) as shell:
        shell.run(shell.function("greet", "echo 'own  one'; echo $HOME; true | cat"))
        shell.run("cd api")
        assert shell.run("greet you") == "it's you\n"
        shell.run("cd ..")
        assert shell.run("greet") == f"own  one\n{workspace.home}\n"


def test_leaving_for_another_with_the_same_names(workspace: Workspace, kind: str) -> None:
    """L-12: from A to B and out again, what was before A is there, and no trace of either."""
    for name in ("a", "b"):
        interactive = Interactive(aliases={"where": f"echo {name}"}, functions={"place": f"echo {name}"})
        workspace.activate(
            workspace.project(name),
            variables={"WHERE": name},
            paths={"PATH": (f"/{name}",)},
            interactive={kind: interactive},
        )
    with workspace.shell(kind, environ=workspace.environ(WHERE="user")) as shell:
        shell.run(shell.alias("where", "echo user"))
        shell.run(shell.function("place", "echo user"))
        for name in ("a", "b", "a"):
            shell.run(f"cd ~/{name}")
            assert shell.run("where; place; echo $WHERE") == f"{name}\n{name}\n{name}\n"
            assert shell.variables()[b"DEVENV_WAS_WHERE"] == b"user"
        shell.run("cd ~")
        assert shell.run("where; place; echo $WHERE") == "user\nuser\nuser\n"
        assert shell.variables()[b"PATH"] == BASE_PATH.encode()
