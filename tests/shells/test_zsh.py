"""What only zsh has: its options and `emulate`, hook functions, the line editor, completion by functions in `fpath`."""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.activation.model import Interactive
from tests.shells.drivers import EditingZsh
from tests.shells.workspace import BASE_PATH, KINDS, Workspace

pytestmark = pytest.mark.skipif("zsh" not in KINDS, reason="devenv has no hook for zsh")

OPTIONS = [
    "set -euo pipefail",
    "setopt no_unset err_exit; IFS=abc_/=",
    "setopt ksh_arrays sh_word_split",
    "setopt ksh_arrays ksh_zero_subscript glob_subst",
    "setopt no_match null_glob extended_glob",
    "setopt no_clobber",
    "setopt warn_create_global warn_nested_var typeset_silent",
    "setopt all_export",
    "setopt auto_pushd pushd_ignore_dups pushd_silent chase_links",
    "setopt prompt_subst sh_glob ignore_braces",
    "setopt no_aliases; setopt no_case_match",
    "setopt c_bases rc_quotes magic_equal_subst",
    "emulate sh",
    "emulate ksh",
    "emulate -R zsh; unsetopt prompt_cr prompt_sp",
    "alias printf='echo bad' source='echo bad' unset='echo bad' eval='echo bad' export='echo bad' local='echo bad'",
    "alias -g '-n'='bad' F='bad'",
    "print() { echo bad; }; unset() { echo bad; }; source() { :; }; export() { echo bad; }",
    "TRAPDEBUG() { : }; TRAPZERR() { : }",
]


@pytest.mark.parametrize("options", OPTIONS)
def test_options_of_the_user(workspace: Workspace, options: str) -> None:
    """S-04, L-10: whatever options, traps, aliases and functions the user has, the hook works and leaves them alone."""
    workspace.activate(
        workspace.project("api"),
        variables={"INSIDE": "a b*"},
        paths={"PATH": ("/ours/bin",), "MANPATH": ("/ours/man",)},
        interactive={"zsh": Interactive(aliases={"inside": "echo yes"}, functions={"greet": "echo hello"})},
    )
    state = "{ builtin setopt; builtin trap; builtin alias -L; builtin typeset -p IFS PATH fpath; } >| ~/state.%d"
    with workspace.shell("zsh", "", f"{options}") as shell:
        shell.run(state % 1)
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.variables()[b"INSIDE"] == b"a b*"
        assert shell.run("greet") == "hello\n"
        shell.run("PATH=$PATH:/mine")
        assert shell.run("cd ..") == ""
        assert shell.run("true") == ""
        shell.run("PATH=${PATH%:/mine}")
        found = shell.variables()
        assert b"INSIDE" not in found
        assert b"MANPATH" not in found
        shell.run(state % 2)
    first, second = ((workspace.home / f"state.{number}").read_text() for number in (1, 2))
    assert first == second


def test_last_argument(workspace: Workspace) -> None:
    """S-01: `$_` is the last argument of the user's last command, whatever the hook did since."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.shell("zsh") as shell:
        for directory in ("api", ".."):
            shell.run(f"cd {directory}")
            shell.run(": word")
            assert shell.run('echo "$_"') == "word\n"


def test_hook_functions_of_the_user(workspace: Workspace) -> None:
    """S-02: the hook is once in zsh's lists of functions, and those of the user stay in theirs, in their order."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    before = (
        "one() { NOTED+=one: }; two() { NOTED+=two: }; precmd_functions=(one two); chpwd_functions=(two)\n"
        "precmd() { NOTED+=precmd: }; chpwd() { NOTED+=chpwd: }"
    )
    with workspace.shell("zsh", before, "source ~/hook.zsh; source ~/hook.zsh") as shell:
        lists = shell.run("print -l $precmd_functions").splitlines()
        assert [name for name in lists if not name.startswith("__devenv")] == ["one", "two"]
        assert len([name for name in lists if name.startswith("__devenv")]) == 1
        shell.run("NOTED=")
        assert shell.run("cd api") == "devenv: entered api\n"
        assert "chpwd:two:precmd:one:two" in (shell.value("NOTED") or "")


WAYS = {
    "quiet": ("cd -q api", "cd -q .."),
    "by_name": ("setopt auto_cd; api", ".."),
    "stack": ("pushd api >/dev/null", "cd +1 >/dev/null"),
    "substitution": ("cd home/none home/api 2>/dev/null || cd api", "cd .."),
    "named": ("hash -d x=~/api; cd ~x", "cd .."),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_a_directory(workspace: Workspace, way: str) -> None:
    """S-17: by whatever way zsh gets to a directory, the next prompt is in its environment."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    there, back = WAYS[way]
    with workspace.shell("zsh", "setopt auto_cd") as shell:
        assert shell.run(there) == "devenv: entered api\n"
        assert shell.value("INSIDE") == "yes"
        assert shell.run(back) == ""
        assert shell.value("INSIDE") is None


def completing(workspace: Workspace) -> Path:
    """A project whose environment brings a function that completes `tool`; returns the function's directory."""
    project = workspace.project("api")
    directory = workspace.home / "functions"
    directory.mkdir()
    (directory / "_tool").write_text("#compdef tool\ncompadd alphabet\n")
    interactive = Interactive(completion_directories=(str(directory),), completions={"_tool": ("tool",)})
    workspace.activate(project, interactive={"zsh": interactive}, hook=None)
    return directory


COMPINIT = "autoload -Uz compinit; compinit -u -d ~/dump"


def test_completions_come_and_go(workspace: Workspace) -> None:
    """S-07, S-19, flox#4275: completions of the project are there with compinit's, and `fpath` is as it was after."""
    directory = completing(workspace)
    with workspace.shell("zsh", COMPINIT) as shell:
        before = shell.run("print -l $fpath")
        assert b"FPATH" not in shell.variables()
        shell.run("cd api")
        assert str(directory) in shell.run("print -l $fpath").splitlines()
        assert shell.run("print $_comps[tool]") == "_tool\n"
        assert b"FPATH" not in shell.variables()
        shell.run("fpath=(/mine $fpath)")
        shell.run("cd ..")
        assert shell.run("print -l $fpath") == f"/mine\n{before}"
        assert shell.run("print $+_comps[tool] $+_comps[git]") == "0 1\n"
        shell.run("cd api")
        assert shell.run("print $_comps[tool]") == "_tool\n"


def test_completing_a_command_of_the_project(workspace: Workspace) -> None:
    """S-19: pressing Tab behind a command of the project inserts what its function says."""
    completing(workspace)
    with workspace.shell("zsh-zle", COMPINIT) as shell:
        assert isinstance(shell, EditingZsh)
        assert shell.run("cd api") == "devenv: entered api\n"
        shell.press("tool alp\t", "alphabet")
        shell.press("\x15", "")
        assert shell.run("echo here") == "here\n"


def test_completing_directories(workspace: Workspace) -> None:
    """S-06, direnv#1109: completing `cd ../` goes nowhere: no word, no environment, the line stays as it is."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "api"})
    workspace.activate(workspace.project("web"), variables={"INSIDE": "web"})
    with workspace.shell("zsh-zle", COMPINIT) as shell:
        assert isinstance(shell, EditingZsh)
        shell.run("cd api")
        drawn = shell.press("cd ../w\t", "web/")
        assert "devenv" not in drawn
        shell.press("\x15", "")
        assert shell.run("echo $INSIDE; pwd") == f"api\n{workspace.home}/api\n"


def test_no_question_about_insecure_directories(workspace: Workspace) -> None:
    """S-08, flox#4000: directories that others may write to lead to no question of compinit's."""
    directory = completing(workspace)
    directory.chmod(0o777)
    with workspace.shell("zsh", "", "autoload -Uz compinit; compinit -d ~/dump") as shell:
        assert shell.greeting == ""
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.run("true") == ""
        with shell.nested("zsh", workspace.executable("zsh")) as child:
            assert "insecure" not in child.greeting


def test_with_the_line_editor(workspace: Workspace) -> None:
    """Issue 6, item 1: as people use it, with `zle`, the shell enters, switches and leaves as it does without."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "1"}, aliases={"inside": "echo yes"})
    with workspace.shell("zsh-zle") as shell:
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.run("inside") == "yes\n"
        workspace.activate(project, variables={"INSIDE": "2"})
        assert shell.run("true") == "devenv: switched to the new environment of api\n"
        assert shell.run("cd ..") == ""
        assert shell.value("INSIDE") is None


def test_global_aliases_of_the_user(workspace: Workspace) -> None:
    """S-19: an alias takes the place of a global one of the same name, and each kind comes back as it was."""
    aliases = {"GLOBAL": "echo ours", "plain": "echo ours"}
    workspace.activate(workspace.project("api"), interactive={"zsh": Interactive(aliases=aliases)})
    with workspace.shell("zsh", "alias -g GLOBAL='a  b'; alias plain='echo mine'") as shell:
        before = shell.run("alias -L")
        assert shell.run("cd api") == "devenv: entered api\n"
        assert "alias GLOBAL='echo ours'\n" in shell.run("alias -L")
        assert shell.run("cd ..") == ""
        assert shell.run("alias -L") == before


def test_special_variables_of_the_user(workspace: Workspace) -> None:
    """A variable that is special in this shell, read-only say, is left alone with one line, and breaks nothing."""
    names = ("CONSTANT", "NUMBER", "LIST", "TABLE", "UPPER")
    variables = {**dict.fromkeys(names, "ours"), "FINE": "ours"}
    workspace.activate(workspace.project("api"), variables=variables, paths={"CONSTPATH": ("/ours",)})
    before = (
        "typeset -r CONSTANT=mine CONSTPATH=/mine; typeset -i NUMBER=7; typeset -a LIST=(a b)\n"
        "typeset -A TABLE=(k v); typeset -u UPPER=MINE"
    )
    with workspace.shell("zsh", before) as shell:
        lines = shell.run("cd api").splitlines()
        special = sorted(line.split()[1] for line in lines if "is special in this shell and stays as it is" in line)
        assert special == sorted((*names, "CONSTPATH"))
        assert "devenv: entered api" in lines
        show = "echo $CONSTANT $CONSTPATH $NUMBER $LIST $TABLE $UPPER ${FINE-unset}"
        assert shell.run(show) == "mine /mine 7 a b v MINE ours\n"
        assert shell.run("cd ..") == ""
        assert shell.run(show) == "mine /mine 7 a b v MINE unset\n"


def test_tied_variables_of_the_user(workspace: Workspace) -> None:
    """What is tied to `PATH`, and to variables that the user tied, follows and comes back, `typeset -U` included."""
    workspace.activate(workspace.project("api"), paths={"PATH": ("/ours",), "MINE_PATH": ("/ours",)})
    with workspace.shell("zsh", "typeset -U path; typeset -T MINE_PATH mine_path; mine_path=(/a /b)") as shell:
        shell.run("cd api")
        assert shell.run("print $path[1] $mine_path") in ("/ours /ours /a /b\n", "/ours /a /b\n")
        shell.run("cd ..")
        assert shell.run("print $mine_path $PATH") == f"/a /b {BASE_PATH}\n"
        shell.run("path+=(/x /x)")
        assert shell.value("PATH") == f"{BASE_PATH}:/x"
