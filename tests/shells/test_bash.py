"""What only bash has: the forms of `PROMPT_COMMAND`, its options and traps, its special variables."""

from __future__ import annotations

import shutil

import pytest

from devenv.activation.hook import format_hook
from devenv.activation.model import Interactive
from tests.shells.drivers import PROMPT
from tests.shells.workspace import Workspace

STRINGS_ONLY = b"((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501))"
"""The question by which the hook finds out whether `PROMPT_COMMAND` may be an array."""


def hook_text(workspace: Workspace, *, array: bool) -> bytes:
    """The hook as this bash reads it, or as one reads it whose `PROMPT_COMMAND` is always a string (before 5.1)."""
    text = format_hook("bash", workspace.settings, workspace.program)
    assert text.count(STRINGS_ONLY) == 1
    return text if array else text.replace(STRINGS_ONLY, b"false")


FORMS = {
    "unset": "unset PROMPT_COMMAND",
    "empty": "PROMPT_COMMAND=",
    "string": "PROMPT_COMMAND='note string'",
    "string_with_semicolon": "PROMPT_COMMAND='note string; '",
    "string_with_comment": "PROMPT_COMMAND='note string # a comment'",
    "array": "PROMPT_COMMAND=('note one' 'note two')",
}


# Before 5.1 bash runs the first element of an array only, as every other tool has to expect there.
@pytest.mark.parametrize(
    ("form", "array"), [(form, array) for form in FORMS for array in (True, False) if array or form != "array"]
)
def test_forms_of_prompt_command(workspace: Workspace, form: str, array: bool) -> None:
    """S-02, S-03: whatever form `PROMPT_COMMAND` has, it goes on working, and the hook is in it once."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    before = f'note() {{ local s=$? p=${{PIPESTATUS[*]}}; NOTED+="$1 $s;"; return $s; }}; {FORMS[form]}'
    with workspace.bash(
        before, "source ~/hook.bash; source ~/hook.bash", hook=hook_text(workspace, array=array)
    ) as bash:
        assert bash.run("printf '%s\\n' \"${PROMPT_COMMAND[@]}\" | grep -c __devenv_prompt") == "1\n"
        assert bash.run("cd api") == "devenv: entered api\n"
        assert bash.run("NOTED=; (exit 3)") == ""
        expected = {"array": "one 3;two 3;"}.get(form, "string 3;" if form.startswith("string") else "")
        assert bash.run('echo "$NOTED"') == f"{expected}\n"


@pytest.mark.parametrize("array", [True, False], ids=["array", "string"])
def test_status_of_the_last_command(workspace: Workspace, array: bool) -> None:
    """S-01: `$?`, `$_` and PIPESTATUS are as the last command left them, for the user and for `PROMPT_COMMAND`."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"}, hook="false; true x | true y")
    with workspace.bash(
        "PROMPT_COMMAND='SEEN=\"$? ${PIPESTATUS[*]}\"'", "PS1='[$?]'$PS1", hook=hook_text(workspace, array=array)
    ) as bash:
        for directory in ("~/api", "~"):
            assert bash.run(f"cd {directory}; (exit 3) | (exit 5) | (exit 4)").endswith("[4]")
            assert bash.run('echo "$? ${PIPESTATUS[*]} $SEEN"') == "4 3 5 4 4 3 5 4\n[0]"
            bash.run(": word")
            assert bash.run('echo "$_"') == "word\n[0]"


OPTIONS = [
    "set -euo pipefail",
    "set -u; IFS=abc_/=",
    "IFS=; set -f",
    "set -o posix",
    "set -o noclobber",
    "shopt -s extglob nullglob nocasematch",
    "shopt -s failglob nocaseglob dotglob",
    "set -a",
    "set -E; trap 'echo trapped' ERR",
    "set -T; trap ': trapped' DEBUG",
    "alias printf='echo bad' source='echo bad' unset='echo bad' eval='echo bad'",
    'cd() { builtin cd "$@" && true; }; printf() { echo bad; }; unset() { echo bad; }; source() { :; }',
    "set -P",
]


@pytest.mark.parametrize("options", OPTIONS)
def test_options_of_the_user(workspace: Workspace, options: str) -> None:
    """S-04, L-10: whatever options, traps, aliases and functions the user has, the hook works and leaves them alone."""
    project = workspace.project("api")
    workspace.activate(
        project,
        variables={"INSIDE": "a b*"},
        paths={"PATH": ("/ours/bin",), "MANPATH": ("/ours/man",)},
        aliases={"inside": "echo yes"},
    )
    state = "{ builtin shopt; builtin set +o; trap; alias; builtin declare -p IFS PATH; } >|~/state.$n 2>/dev/null"
    with workspace.bash(options) as bash:
        bash.run(f"n=1; {state}")
        assert bash.run("cd api") == "devenv: entered api\n"
        assert bash.variables()[b"INSIDE"] == b"a b*"
        assert bash.run("inside") == "yes\n"
        bash.run("PATH=$PATH:/mine")
        assert bash.run("cd ..") == ""
        assert bash.run("true") == ""
        bash.run("PATH=${PATH%:/mine}")
        found = bash.variables()
        assert b"INSIDE" not in found
        assert b"MANPATH" not in found
        bash.run(f"n=2; {state}")
    first, second = ((workspace.home / f"state.{number}").read_text() for number in (1, 2))
    assert first == second


def test_quiet_under_xtrace(workspace: Workspace) -> None:
    """`set -x` does not print the hook's own commands beyond the call and its options."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.bash() as bash:
        bash.run("cd api; set -x")
        traced = bash.run(":")
        assert "stamp" not in traced
        assert traced.count("\n") <= 12


def test_read_only_prompt_command(workspace: Workspace) -> None:
    """Where `PROMPT_COMMAND` is read-only the rc file goes on, with one line that says what does not work."""
    with workspace.bash("readonly PROMPT_COMMAND=:", "RC_ENDED=1") as bash:
        assert (
            bash.greeting == "devenv: PROMPT_COMMAND is read-only, so that environments cannot follow the directory\n"
        )
        assert bash.run("echo $RC_ENDED") == "1\n"


def test_special_variables_of_the_user(workspace: Workspace) -> None:
    """A variable that is special in this shell, read-only say, is left alone with one line, and breaks nothing."""
    project = workspace.project("api")
    names = ["CONSTANT", "NUMBER", "LIST", "UPPER", "LATER"]
    workspace.activate(
        project, variables={**dict.fromkeys(names, "ours"), "FINE": "ours"}, paths={"CONSTPATH": ("/ours",)}
    )
    before = "readonly CONSTANT=mine CONSTPATH=/mine; declare -i NUMBER=7; declare -a LIST=(a b); declare -u UPPER=MINE"
    with workspace.bash(before) as bash:
        lines = bash.run("cd api").splitlines()
        assert sorted(lines) == sorted(
            [
                *(
                    f"devenv: {name} is special in this shell and stays as it is"
                    for name in ("CONSTANT", "CONSTPATH", "LIST", "NUMBER", "UPPER")
                ),
                "devenv: entered api",
            ]
        )
        assert bash.run("echo $CONSTANT $CONSTPATH $NUMBER ${LIST[*]} $UPPER $FINE") == "mine /mine 7 a b MINE ours\n"
        bash.run("readonly LATER")
        assert bash.run("cd ..").count("\n") == 1
        assert bash.run("echo $CONSTANT $CONSTPATH $NUMBER ${LIST[*]} $UPPER ${FINE-unset} $LATER") == (
            "mine /mine 7 a b MINE unset ours\n"
        )


def test_hook_of_the_project(workspace: Workspace) -> None:
    """The project's code runs once per entering, in the user's shell, under its options; its failure is its own."""
    hook = "(( ++ENTERED )); declare MINE=1; set -C; helper() { echo helped; }; nosuchcommand 2>/dev/null; false"
    workspace.activate(workspace.project("api"), hook=hook)
    workspace.activate(workspace.project("broken"), hook="if then ((")
    with workspace.bash() as bash:
        assert bash.run("cd api") == "devenv: entered api\n"
        bash.run("true")
        assert bash.run("echo $ENTERED $MINE; helper; [[ -o noclobber ]] && echo set") == "1 1\nhelped\nset\n"
        assert "syntax error" in bash.run("cd ../broken")
        assert bash.run("true") == ""
        assert bash.run("echo $DEVENV_PROJECT") == f"{workspace.home}/broken\n"


def test_code_of_the_project_waits_for_the_prompt(workspace: Workspace) -> None:
    """The project's own code runs outside of functions also where `cd` led in, and not where the line led out again."""
    workspace.activate(workspace.project("api"), hook="declare MARK=${MARK-}x")
    with workspace.bash() as bash:
        assert bash.run('cd api && echo "[${MARK-}]"') == "devenv: entered api\n[]\n"
        assert bash.run('echo "[$MARK]"') == "[x]\n"
        bash.run("cd ..")
        assert bash.run("cd api; cd ..") == "devenv: entered api\n"
        assert bash.run('echo "[$MARK]"') == "[x]\n"


def test_functions_of_the_user_stay(workspace: Workspace) -> None:
    """A user's own function `cd`, or alias, stays as it is, and the next prompt follows the directory."""
    workspace.activate(workspace.project("api"), variables={"WHERE": "api"})
    with workspace.bash("cd() { builtin cd \"$@\" && echo mine; }\nalias pushd='pushd -n'") as bash:
        assert bash.run('cd api && echo "in ${WHERE-none}"') == "mine\nin none\ndevenv: entered api\n"
        assert bash.run('echo "in $WHERE"; alias pushd') == "in api\nalias pushd='pushd -n'\n"


def test_strange_working_directories(workspace: Workspace) -> None:
    """L-11: a prompt with a `PWD` that somebody set comes back."""
    with workspace.bash() as bash:
        for value in ("relative", "", "//", "/../..", "/nowhere/at/all"):
            assert bash.run(f"PWD={value}; echo {PROMPT[1:4]}") == f"{PROMPT[1:4]}\n"


@pytest.mark.parametrize("code", ["return 3", ': "${NOPE?gone}"', "if then (("])
def test_code_for_leaving_that_fails(workspace: Workspace, code: str) -> None:
    """L-11: whatever becomes of the project's code for leaving, the environment is left at that prompt."""
    interactive = {"bash": Interactive(leave=f"echo out\n{code}")}
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"}, interactive=interactive)
    with workspace.bash() as bash:
        bash.run("cd api")
        bash.run("cd ..")
        assert bash.value("INSIDE") is None
        assert bash.run("true") == ""


def test_code_for_leaving_belongs_to_code_for_entering(workspace: Workspace) -> None:
    """Issue 6, item 2: where a line led in and out again, neither ran: one would undo what the other had not done."""
    interactive = {"bash": Interactive(enter="echo in", leave="echo out")}
    workspace.activate(workspace.project("api"), interactive=interactive)
    with workspace.bash() as bash:
        assert bash.run("cd api; cd ..") == "devenv: entered api\n"
        assert bash.run("cd api") == "devenv: entered api\nin\n"
        assert bash.run("cd ..") == "out\n"


def test_state_that_was_made_anew(workspace: Workspace) -> None:
    """L-11, D-05: after the state was deleted, numbers of generations begin again: what a shell read counts no more."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "one"})
    with workspace.bash() as bash:
        bash.run("cd api")
        bash.run("cd ..")
        shutil.rmtree(workspace.settings.state)
        activation = workspace.activate(project, variables={"INSIDE": "two"})
        bash.run("cd api")
        assert bash.value("INSIDE") == "two"
        assert (workspace.settings.state / "shells" / str(bash.number())).read_text() == str(activation.generation)


def test_functions_come_back_as_they_were(workspace: Workspace) -> None:
    """S-19: aliases in a function of the user's, expanded once when it was defined, are not expanded again."""
    interactive = {"bash": Interactive(functions={"show": "echo ours"})}
    workspace.activate(workspace.project("api"), interactive=interactive)
    with workspace.bash("alias ls='ls -a'\nshow() { ls /nowhere; }") as bash:
        before = bash.run("declare -f show")
        bash.run("cd api")
        assert bash.run("show") == "ours\n"
        bash.run("cd ..")
        assert bash.run("declare -f show") == before
        assert bash.run("shopt expand_aliases") == "expand_aliases \ton\n"


def test_read_only_prompt(workspace: Workspace) -> None:
    """L-11: a prompt that is read-only gets no mark, and nothing else suffers from it."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.bash("", "DEVENV_PROMPT_MARK=1; readonly PS1") as bash:
        assert bash.run("cd api") == "devenv: entered api\n"
        assert bash.value("INSIDE") == "yes"
        assert bash.run("cd ..") == ""
        assert bash.value("INSIDE") is None
