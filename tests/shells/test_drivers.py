"""The drivers themselves, without a hook: what tests say of shells is only as good as these."""

from __future__ import annotations

import pytest

from tests.shells.drivers import ARGUMENTS, SHELL_CLASSES, Shell, start_shell, write_rc
from tests.shells.workspace import BASE_PATH, Workspace

HOSTILE = "a'b\"c\\d\n\t$HOME `x` \udcff é ! * ~ #\\"


def start(workspace: Workspace, kind: str, before: str = "", **variables: str) -> Shell:
    write_rc(workspace.home, kind, before, "", "")
    command = [workspace.executable(kind), *ARGUMENTS[kind]]
    return start_shell(kind, workspace.home, command, workspace.environ(**variables))


@pytest.mark.parametrize("kind", SHELL_CLASSES)
def test_every_operation(workspace: Workspace, kind: str) -> None:
    """Each shell does what the common interface promises, and output comes as the command printed it."""
    with start(workspace, kind, TAKEN="yes", MANPATH="/m:/n") as shell:
        assert shell.greeting == ""
        assert shell.run("echo one; printf two") == "one\ntwo"
        assert shell.run(f"false\necho {shell.status}") == "1\n"
        assert shell.source(["echo a", "echo b"]) == "a\nb\n"
        assert shell.run(shell.assign("A", HOSTILE)) == ""
        assert shell.value("A") == HOSTILE
        assert b"A" not in shell.variables()
        shell.run(shell.export("A", HOSTILE))
        assert shell.variables()[b"A"] == HOSTILE.encode("utf-8", "surrogateescape")
        shell.run(shell.assign("TAKEN", ""))
        assert shell.variables()[b"TAKEN"] == b""
        assert shell.value("TAKEN") == ""
        shell.run(shell.unset("A"))
        assert shell.value("A") is None
        shell.run(shell.surround("PATH", "/first:", ":/last"))
        assert shell.variables()[b"PATH"] == f"/first:{BASE_PATH}:/last".encode()
        shell.run(shell.surround("MANPATH", after=":"))
        assert shell.variables()[b"MANPATH"] == b"/m:/n:"
        assert not shell.has_command("hello")
        shell.run(shell.alias("hello", "echo 'it is'"))
        assert shell.run("hello") == "it is\n"
        shell.run(shell.unalias("hello"))
        shell.run(shell.function("hello", "echo function"))
        assert shell.run("hello; hello") == "function\nfunction\n"
        shell.run(shell.remove_function("hello"))
        assert not shell.has_command("hello")
        shell.interrupt_when("sh -c 'echo waiting; exec sleep 600'", "waiting\r\n")
        assert shell.run(f"echo {shell.status}") == "130\n"


@pytest.mark.parametrize("inner", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("outer", ["bash", "zsh-zle", "fish"])
def test_shells_in_shells(workspace: Workspace, outer: str, inner: str) -> None:
    """Shells of different kinds are driven through one terminal, as long as each kind has one prompt."""
    if inner != outer.removesuffix("-zle"):
        write_rc(workspace.home, inner, "", "", "")
    with start(workspace, outer) as shell:
        driver = outer if outer.startswith(inner) else inner
        with shell.nested(driver, workspace.executable(inner)) as child:
            assert child.run("echo inside") == "inside\n"
            inside = child.number()
        assert shell.run("echo outside") == "outside\n"
        assert shell.number() != inside


def test_home_is_the_tests_own(workspace: Workspace) -> None:
    """No file of the developer's is read: every shell starts without a word, in the home of the test."""
    for kind in SHELL_CLASSES:
        with start(workspace, kind) as shell:
            assert shell.run("pwd") == f"{workspace.home}\n"
            assert shell.number() > 0


def test_shells_are_whole(workspace: Workspace) -> None:
    """Shells from Debian find what belongs to them: zsh its modules and functions, fish its functions."""
    with start(workspace, "zsh", "autoload -Uz compinit; compinit -u -d ~/dump") as shell:
        assert shell.greeting == ""
        assert shell.run("zmodload zsh/stat zsh/datetime zsh/parameter && zstat +size /dev/null") == "0\n"
        assert shell.run("print $_comps[cd]") == "_cd\n"
    with start(workspace, "fish") as shell:
        assert shell.run("type -t pushd alias prevd") == "function\n" * 3
        assert "--export" in shell.run("complete -C 'set --exp'")
