"""What only fish has: lists and scopes of variables, aliases that are functions, completions that are loaded once."""

from __future__ import annotations

import pytest

from devenv.activation.model import Interactive
from tests.shells.workspace import BASE_PATH, KINDS, Workspace

pytestmark = pytest.mark.skipif("fish" not in KINDS, reason="devenv has no hook for fish")


def test_lists_of_the_user(workspace: Workspace) -> None:
    """L-12: a variable that is a list of several elements is one again after leaving, exported or not."""
    workspace.activate(workspace.project("api"), variables={"WORDS": "ours", "SHOWN": "ours"})
    with workspace.shell("fish", "set -g WORDS 'a b' c ''; set -gx SHOWN d 'e f'") as shell:
        shell.run("cd api")
        assert shell.run("echo $WORDS $SHOWN") == "ours ours\n"
        shell.run("cd ..")
        assert shell.run("count $WORDS; count $SHOWN; echo $WORDS[1]") == "3\n2\na b\n"
        assert b"WORDS" not in shell.variables()
        assert shell.variables()[b"SHOWN"] == b"d e f"


def test_universal_variables_of_the_user(workspace: Workspace) -> None:
    """Invariant 8: universal variables belong to all shells of the user: an environment hides them, no more."""
    workspace.activate(workspace.project("api"), variables={"EVERYWHERE": "ours"})
    with workspace.shell("fish") as shell:
        shell.run("set -Ux EVERYWHERE user")
        shell.run("cd api")
        assert shell.variables()[b"EVERYWHERE"] == b"ours"
        assert shell.run("echo $EVERYWHERE\nset -U | string match -q '*ours*'; echo $status") == "ours\n1\n"
        shell.run("cd ..")
        assert shell.run("echo $EVERYWHERE") == "user\n"
        assert shell.run("set -S EVERYWHERE | string match -q '*global*'; echo $status") == "1\n"


def test_paths_of_the_user(workspace: Workspace) -> None:
    """S-13: `fish_add_path` inside an environment, and `fish_user_paths`, keep what they added after leaving."""
    workspace.activate(workspace.project("api"), paths={"PATH": ("/ours",)})
    (workspace.home / "added").mkdir()
    with workspace.shell("fish") as shell:
        shell.run("cd api")
        shell.run("fish_add_path --path ~/added")
        shell.run("cd ..")
        assert shell.variables()[b"PATH"] == f"{workspace.home}/added:{BASE_PATH}".encode()


def test_completions_come_and_go(workspace: Workspace) -> None:
    """S-10, S-19, direnv#1539: completions of the project are there inside, though fish started long before."""
    directory = workspace.home / "completions"
    directory.mkdir()
    (directory / "tool.fish").write_text("complete -c tool -f -a alphabet\n")
    interactive = Interactive(completion_directories=(str(directory),), completions={"tool": ()})
    program = workspace.home / "bin" / "tool"
    program.write_text("")
    program.chmod(0o700)  # fish completes commands that there are
    workspace.activate(
        workspace.project("api"), paths={"PATH": (str(program.parent),)}, interactive={"fish": interactive}
    )
    own = workspace.home / ".config" / "fish" / "completions"
    own.mkdir(parents=True)
    (own / "env.fish").write_text("complete -c env -f -a numbers\n")
    with workspace.shell("fish") as shell:
        before = shell.run("string join : $fish_complete_path")
        assert "numbers" in shell.run("complete -C 'env num'")
        assert "alphabet" not in shell.run("complete -C 'tool alp'")
        for _ in range(2):
            shell.run("cd api")
            assert "alphabet" in shell.run("complete -C 'tool alp'")
            assert "alphabet" in shell.run("complete -C 'tool alp'")
            assert "numbers" in shell.run("complete -C 'env num'")
            shell.run("cd ..")
            assert "numbers" in shell.run("complete -C 'env num'")
            assert shell.run("string join : $fish_complete_path") == before
            assert "alphabet" not in shell.run("complete -C 'tool alp'")


def test_ways_to_a_directory(workspace: Workspace) -> None:
    """S-17: `prevd`, `nextd` and a directory's name alone lead into an environment and out of it."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.shell("fish") as shell:
        assert shell.run("./api/") == "devenv: entered api\n"
        assert shell.run("prevd") == ""
        assert shell.value("INSIDE") is None
        assert shell.run("nextd") == "devenv: entered api\n"
        assert shell.run("..") == ""
        assert shell.value("INSIDE") is None


def test_variables_that_fish_owns(workspace: Workspace) -> None:
    """A variable that is special in this shell is left alone with one line, and breaks nothing."""
    workspace.activate(workspace.project("api"), variables={"history": "ours", "version": "ours", "FINE": "ours"})
    with workspace.shell("fish") as shell:
        lines = shell.run("cd api").splitlines()
        assert sorted(lines) == [
            "devenv: entered api",
            "devenv: history is special in this shell and stays as it is",
            "devenv: version is special in this shell and stays as it is",
        ]
        assert shell.value("FINE") == "ours"
        assert shell.run("cd ..") == ""
        assert shell.value("FINE") is None


def test_functions_that_are_loaded_when_called(workspace: Workspace) -> None:
    """S-19: a function that fish loads from a file by its name is hidden by the project's, and is there again after."""
    functions = workspace.home / ".config" / "fish" / "functions"
    functions.mkdir(parents=True)
    (functions / "greet.fish").write_text("function greet; echo user; end\n")
    workspace.activate(workspace.project("api"), interactive={"fish": Interactive(functions={"greet": "echo ours"})})
    with workspace.shell("fish") as shell:
        for _ in range(2):
            shell.run("cd api")
            assert shell.run("greet") == "ours\n"
            shell.run("cd ..")
            assert shell.run("greet") == "user\n"


def test_handlers_of_the_user(workspace: Workspace) -> None:
    """S-02: handlers that the user has for prompts, for the directory and for variables run as they did before."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    before = (
        "function on_prompt --on-event fish_prompt; set -g PROMPTS x$PROMPTS[1]; end\n"
        "function on_move --on-variable PWD; set -g MOVED x$MOVED[1]; end; set -g PROMPTS ''; set -g MOVED ''"
    )
    with workspace.shell("fish", before) as shell:
        shell.run("set -g PROMPTS ''; set -g MOVED ''")
        shell.run("cd api")
        shell.run("cd ..")
        assert shell.run("echo $MOVED") == "xx\n"
        assert shell.value("PROMPTS") is not None
        assert (shell.value("PROMPTS") or "").startswith("xxx")
