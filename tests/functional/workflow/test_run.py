"""`devenv run` and `devenv shell`: as if the program had been started directly, in another environment."""

from __future__ import annotations

import os
import signal

import pytest

from tests.functional.catalogue import Catalogue
from tests.functional.workflow.command import TIME_LIMIT, User, kill

ODD_ARGUMENTS = ["", "-v", "--", "--json", "-q", "a b", "$(touch x)", "it's", 'say "x"', "\\n", "line\nbreak", "ü", "*"]


@pytest.fixture
def api(user: User) -> User:
    """An allowed project with `node` and `rg`."""
    return user.project("api", "nodejs@24", "ripgrep")


def test_exit_status_is_passed_on(api: User) -> None:
    """The program's exit status is that of `devenv run`."""
    for status in (0, 1, 7, 255):
        assert api.call("run", "sh", "-c", f"exit {status}").status == status


def test_signals_are_passed_on(api: User) -> None:
    """The process is the program: a signal reaches it, and the status tells which one ended it."""
    process = api.start("run", "--", "sh", "-c", "echo ready; exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    assert kill(process, signal.SIGTERM).status == -signal.SIGTERM
    assert api.call("run", "sh", "-c", "kill -KILL $$").status == -signal.SIGKILL


def test_signals_have_their_defaults(api: User) -> None:
    """A program that writes to a reader who left is ended by SIGPIPE, as when started by a shell."""
    with api.start("run", "yes") as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(TIME_LIMIT) == -signal.SIGPIPE


def test_arguments_arrive_byte_for_byte(api: User) -> None:
    """Whatever stands behind the command's name is the command's: options, separators, quotes, bytes of no encoding."""
    arguments = [*ODD_ARGUMENTS, os.fsdecode(b"\xff\xfe")]
    expected = b"".join(os.fsencode(argument) + b"|" for argument in arguments)
    for separator in ([], ["--"]):
        assert api.devenv("run", *separator, "printf", "%s|", *arguments).output == expected


def test_options_of_the_command_are_its_own(api: User) -> None:
    """`devenv run node --version` is node's version: with and without `--`, whatever the option is called."""
    for option in ("--version", "-v", "-q", "-h", "--help", "--json"):
        assert api.devenv("run", "node", option).text == "v24.2.0\n"
    assert api.devenv("run", "-q", "node", "-v").text == "v24.2.0\n"
    assert api.call("run", "--frobnicate", "node").status == 2
    assert api.call("run").status == 2


def test_standard_input_passes_through(api: User) -> None:
    """Bytes on standard input reach the program untouched, to the last one."""
    content = bytes(range(256)) * 300
    assert api.devenv("run", "cat", stdin=content).output == content


def test_nothing_but_the_program_writes(api: User) -> None:
    """A warm `run` prints nothing of its own on either stream."""
    outcome = api.devenv("run", "node")
    assert (outcome.output, outcome.errors) == (b"v24.2.0\n", b"")


def test_working_directory_stays(api: User) -> None:
    """The program starts where the user is, not in the project's top directory."""
    below = api.at("src")
    assert below.devenv("run", "pwd").text == f"{below.directory}\n"


def test_commands_that_cannot_be_run(api: User) -> None:
    """A command that is not there gives 127, one that cannot be executed 126, as a shell does; both say what to do."""
    missing = api.call("run", "frobnicate")
    assert missing.status == 127
    assert "`devenv search frobnicate`" in missing.messages
    assert api.call("run", "./frobnicate").status == 127
    script = api.directory / "script"
    script.write_text("#!/no/such/interpreter\n")
    assert api.call("run", "./script").status == 126
    script.chmod(0o755)
    assert api.call("run", "./script").status == 126
    assert api.call("run", "/").status == 126
    assert api.having(PATH=f"{api.directory}:/usr/bin:/bin").call("run", "script").status == 126


def test_scripts_without_an_interpreter(api: User) -> None:
    """As in shells, `sh` runs them; what is no script at all is refused with 126."""
    script = api.directory / "script"
    script.write_text('echo $0 "$1"; exit 3\n')
    script.chmod(0o755)
    outcome = api.call("run", "./script", "a b")
    assert (outcome.status, outcome.text) == (3, "./script a b\n")
    script.write_bytes(b"\x7fOTHER\0\0\0")
    assert api.call("run", "./script").status == 126


def test_programs_of_the_environment_come_first(api: User) -> None:
    """A program of the same name in the user's `PATH` does not hide the project's; others stay reachable."""
    own = api.at("bin")
    for name in ("rg", "mine"):
        (own.directory / name).write_text("#!/bin/sh\necho mine\n")
        (own.directory / name).chmod(0o755)
    there = api.having(PATH=f"{own.directory}:/usr/bin:/bin")
    assert there.devenv("run", "rg").text == "rg 15.0.0\n"
    assert there.devenv("run", "mine").text == "mine\n"
    assert there.devenv("run", "sh", "-c", "rg").text == "rg 15.0.0\n"


def test_run_inside_another_environment(user: User, api: User) -> None:
    """`run` in a project from inside another one's environment leaves that one first."""
    other = user.project("other", "just")
    other.manifest.write_text(other.manifest.read_text() + '\n[env]\nONLY_OTHER = "yes"\n')
    other.devenv("allow")
    inner = " ".join(f"'{word}'" for word in api.command("run", "sh", "-c", "echo ${ONLY_OTHER-none}; rg; just"))
    outcome = other.call("run", "sh", "-c", f"cd '{api.directory}' && {inner}")
    assert outcome.text == "none\nrg 15.0.0\n"
    assert outcome.status == 127


def test_warm_run_needs_no_network(api: User, catalogue: Catalogue) -> None:
    """With the registry gone and nothing configured, a warm `run` and `status` work all the same."""
    catalogue.registry.close()
    catalogue.registry.seen.clear()
    api.configure("")
    assert api.devenv("run", "node").text == "v24.2.0\n"
    assert api.report("status")["realized"]
    assert catalogue.registry.seen == []


def test_shell_is_the_users_own(api: User) -> None:
    """`shell` starts `$SHELL` with the environment; it reads standard input, and its status counts."""
    outcome = api.having(SHELL="/bin/sh").call("shell", stdin=b"rg; echo $DEVENV_PROJECT; exit 3\n")
    assert outcome.text == f"rg 15.0.0\n{api.directory}\n"
    assert outcome.status == 3
    assert api.having(SHELL="/no/such/shell").call("shell").status == 127
