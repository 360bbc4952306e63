"""The hook as a guest in somebody's prompt: what it must not disturb, and what it must not cost."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from devenv.activation.hook import format_hook
from tests.shells.drivers import PROMPT, Shell
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
    """SHELLS: whatever form `PROMPT_COMMAND` has, it goes on working; the hook is in it once, however often read."""
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
    """SHELLS: `$?`, `$_` and PIPESTATUS are as the last command left them, for the user and for `PROMPT_COMMAND`."""
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
    """L-10: the hook works under whatever options, traps, aliases and functions the user has, and leaves them alone."""
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


def test_not_in_shells_without_a_prompt(workspace: Workspace) -> None:
    """L-10: scripts, subshells and command substitutions keep what they have, even if they read the rc file."""
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    with workspace.bash() as bash:
        assert bash.run("bash -c 'source ~/.bashrc; cd api; echo ${INSIDE-unset}; echo ${PROMPT_COMMAND-unset}'") == (
            "unset\nunset\n"
        )
        assert bash.run("(cd api; echo ${INSIDE-unset}); echo $(cd api; echo ${INSIDE-unset})") == "unset\nunset\n"


def test_no_process_is_started(workspace: Workspace) -> None:
    """Invariant 7: prompts, entering, leaving, switching and the notice about a foreign project start no process."""
    strace = shutil.which("strace")
    assert strace is not None, "this test needs strace: install it with the system's package manager"
    first, second = workspace.project("first"), workspace.project("second")
    workspace.project("foreign")
    for project in (first, second):
        workspace.activate(
            project, variables={"INSIDE": "yes"}, paths={"PATH": ("/ours",)}, aliases={"ll": "ls"}, hook="HOOKED=1"
        )
    log = workspace.home / "trace"
    wrapper = [strace, "-f", "-e", "trace=process", "-o", str(log)]
    with workspace.bash(wrapper=wrapper) as bash:
        for command in (
            "cd first",
            ":",
            "cd ../second",
            ":",
            "cd ../foreign",
            ":",
            "cd ..",
            ":",
            "cd first",
            "PATH=/x:$PATH",
            "cd /",
        ):
            bash.run(command)
        assert bash.run("echo $HOOKED") == "1\n"
        bash.run("exit_code=$(exit 3)")  # what a process looks like in the trace
    calls = re.findall(r"^\d+ +(fork|vfork|clone3?)\(", log.read_text(), re.MULTILINE)
    assert len(calls) == 1, "the one command substitution of this test"


def file_accesses(workspace: Workspace, log: Path, bash: Shell) -> int:
    """How many times the hook looks at the file system in one prompt; `log` is where strace writes."""
    bash.run("[[ -e /mark-one ]]; __devenv_prompt; [[ -e /mark-two ]]")
    between = log.read_text().rsplit("/mark-one", 1)[1].split("/mark-two")[0]
    return len(between.splitlines()) - 2


def test_file_accesses_at_a_prompt(workspace: Workspace) -> None:
    """mise#7312: a prompt asks the file system eight times inside a project, and outside once for each known parent."""
    strace = shutil.which("strace")
    assert strace is not None, "this test needs strace: install it with the system's package manager"
    workspace.activate(workspace.project("api"), variables={"INSIDE": "yes"})
    deep = workspace.home / "a" / "b" / "c" / "d" / "e" / "f" / "g"
    deep.mkdir(parents=True)
    log = workspace.home / "trace"
    wrapper = [strace, "-e", "trace=%file", "-o", str(log)]
    with workspace.bash(wrapper=wrapper) as bash:
        bash.run("cd api")
        assert file_accesses(workspace, log, bash) == 8
        bash.run(f"cd {deep}")
        assert file_accesses(workspace, log, bash) == len(workspace.home.parts) + 1


def test_other_users_of_the_shell_are_not_kept_waiting(workspace: Workspace) -> None:
    """A prompt in a directory that was deleted, or with a `PWD` that somebody set, comes back."""
    gone = workspace.home / "gone"
    gone.mkdir()
    with workspace.bash() as bash:
        bash.run("cd gone")
        os.rmdir(gone)
        assert bash.run("true") == ""
        for value in ("relative", "", "//", "/../..", "/nowhere/at/all"):
            assert bash.run(f"PWD={value}; echo {PROMPT[1:4]}") == f"{PROMPT[1:4]}\n"
