"""What the command is started in: foreign modules, closed streams, odd locales and names, homes that cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devenv.cli.program import program_path
from devenv.settings import settings_path
from tests.functional.workflow.command import TIME_LIMIT, Outcome, User
from tests.functional.workflow.conftest import MakeUser

SHADOWED = ("json", "click", "tomllib", "tempfile", "shutil", "sqlite3", "httpx", "rich", "packaging", "logging")
"""Modules that verbs import."""


def run(user: User, command: list[str], **options: object) -> Outcome:
    """Run any command line as the user; what is not redirected is captured."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run(  # type: ignore[call-overload]
        command, check=False, cwd=user.directory, env=dict(user.environ), timeout=TIME_LIMIT, **streams
    )
    outcome = Outcome(done.returncode, done.stdout or b"", done.stderr or b"")
    assert b"Traceback" not in outcome.errors, outcome.messages
    assert b"Exception ignored" not in outcome.errors, outcome.messages
    return outcome


def redirected(user: User, redirection: str, *arguments: str) -> Outcome:
    """Run `devenv` from a shell with this redirection, or behind this pipe."""
    command = " ".join(f"'{word}'" for word in user.command(*arguments))
    return run(user, ["/bin/sh", "-c", f"{command} {redirection}"])


@pytest.fixture
def hostile(user: User) -> User:
    """An allowed project whose directory holds modules with the names of those that devenv imports."""
    api = user.project("api", "just")
    for name in SHADOWED:
        (api.directory / f"{name}.py").write_text(f"raise SystemExit('{name} of the project ran')\n")
    return api


@pytest.mark.parametrize("search_path", [None, ":", ".", "{project}/:/no/such"])
def test_modules_in_the_project_are_not_imported(hostile: User, search_path: str | None) -> None:
    """Modules in the working directory do not run, however `PYTHONPATH` points there (O-07)."""
    if search_path is not None:
        hostile = hostile.having(PYTHONPATH=search_path.format(project=hostile.directory))
    for command in ([str(program_path())], [sys.executable, "-m", "devenv"]):
        for verb in (["status", "--json"], ["add", "uv", "-q"], ["run", "just"]):
            outcome = run(hostile, [*command, *verb])
            assert outcome.status == 0, outcome


def test_search_path_reaches_the_program(hostile: User) -> None:
    """The user's `PYTHONPATH` is taken out of devenv's own way only: programs get it as it was."""
    outcome = hostile.having(PYTHONPATH=".:/else").devenv("run", "printenv", "PYTHONPATH")
    assert outcome.text == ".:/else\n"


@pytest.mark.parametrize("verb", ["search", "status", "hook", "completion", "--help"])
def test_output_that_cannot_be_written(user: User, verb: str) -> None:
    """A full disk or a closed stdout: one line on stderr and a status, since output was lost (O-09)."""
    api = user.project("api")
    arguments = [verb, "bash"] if verb in {"hook", "completion"} else [verb]
    for redirection in (">/dev/full", ">&-"):
        outcome = redirected(api, redirection, *arguments)
        assert outcome.status == 2, redirection
        assert outcome.messages.startswith("usage error: the output could not be written"), outcome


def test_reader_that_leaves(user: User) -> None:
    """`devenv … | head -1` is quiet about the rest that nobody wants (O-09)."""
    for arguments in (["search"], ["search", "--json"], ["--help"]):
        outcome = redirected(user, "| head -1", *arguments)
        assert outcome.status == 0
        assert len(outcome.text.splitlines()) == 1
        assert outcome.errors == b""


def test_closed_streams(user: User) -> None:
    """With any standard stream closed work is done all the same, and no file of ours takes its number (O-09)."""
    api = user.project("api")
    for number, name in enumerate(("just", "uv", "ripgrep")):
        redirected(api, f"{number}>&-", "add", name)
    assert [each["name"] for each in api.report("status")["packages"]] == ["just", "ripgrep", "uv"]
    assert redirected(api, "2>&-", "run", "just").text == "just 1.42.0\n"
    assert redirected(api, "2>/dev/full", "add", "zig").status == 0
    assert redirected(api, "2>&1 | true", "add", "go").status == 0
    assert api.devenv("run", "go").text == "go version go1.26.0\n"
    user.verify_store()


@pytest.mark.parametrize("variables", [{}, {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}])
def test_names_and_locales(user: User, variables: dict[str, str]) -> None:
    """Projects whose names are of no encoding work without any locale; JSON is UTF-8 nevertheless (O-02)."""
    path = os.path.join(os.fsencode(user.home), b"caf\xe9 \xff " + "ügly 'name' $(x) \\ ☃".encode())
    os.mkdir(path)
    odd = user.at(os.fsdecode(path)).having(LC_ALL="C", **variables)
    odd.devenv("init")
    assert "added just" in odd.devenv("add", "just").text
    assert odd.devenv("run", "sh", "-c", "pwd; just").output == path + b"\njust 1.42.0\n"
    status = odd.devenv("status", "--json").output
    assert json.loads(status.decode())["result"]["trust"] == "allowed"
    odd.devenv("status")
    odd.devenv("deny")
    assert odd.call("run", "just").status == 14


def test_control_characters_are_shown_as_escapes(user: User) -> None:
    """A directory whose name holds terminal commands cannot act through our messages (M-05)."""
    evil = user.at("a\x1b[31mb\u202ec")
    outcome = evil.call("status")
    assert "\x1b" not in outcome.messages
    assert "\u202e" not in outcome.messages
    assert "a\\x1b[31mb" in outcome.messages


def test_home_that_is_not_known(user: User) -> None:
    """Without `HOME` the password database says where home is; a relative one is an error (O-03)."""
    environ = {name: value for name, value in user.environ.items() if name != "HOME"}
    unset = User(user.home, user.home, environ)
    assert unset.devenv("search", "uv").status == 0
    error = user.having(HOME="relative").failure("status")
    assert error["slug"] == "home-unknown"
    assert "`HOME`" in error["hint"]


def test_home_that_cannot_be_written(user: User) -> None:
    """Where nothing can be written in the home directory: the directory and what to do about it are told (B-04)."""
    api = user.project("api")
    for home in (Path("/dev/null"), Path("/proc/self/nowhere"), Path("/proc")):
        there = api.having(HOME=str(home))
        for verb in (["add", "just"], ["deny"]):
            error = there.failure(*verb)
            assert error["exit_code"] in {2, 12}
            assert str(home) in str(error)
        assert there.call("run", "true").status in {2, 14}
    assert list(api.files()) == ["devenv.toml"]


def test_home_that_is_too_long(user: User, make_user: MakeUser) -> None:
    """A home directory too long for a store path: the error names the setting that helps, and it does help."""
    long = make_user("x" * 80)
    api = long.at("api")
    api.devenv("init")
    error = api.failure("add", "just")
    assert error["slug"] == "base-invalid"
    assert "`base`" in error["hint"]
    settings = settings_path(long.home).read_text()
    long.configure(f'base = "{user.home}/base"\n{settings}')
    api.devenv("add", "just")
    assert api.devenv("run", "just").text == "just 1.42.0\n"


def test_working_directory_that_is_gone(user: User) -> None:
    """In a directory that was deleted every verb says so."""
    gone = user.at("gone")
    command = " ".join(f"'{word}'" for word in gone.command("status"))
    outcome = run(gone, ["/bin/sh", "-c", f"rmdir '{gone.directory}'; {command}"])
    assert outcome.status == 2
    assert "the working directory is gone" in outcome.messages


@pytest.mark.parametrize("limit", ["-n 40", "-f 1"])
def test_small_limits(user: User, limit: str) -> None:
    """Few file descriptors or small files only: done, or one error that says so; what is there stays whole (O-06)."""
    api = user.project("api", "just")
    before = api.files()
    command = " ".join(f"'{word}'" for word in api.command("add", "nodejs@24", "uv", "ripgrep", "zig", "go"))
    outcome = run(api, ["/bin/sh", "-c", f"ulimit {limit}; {command}"])
    assert outcome.status in {0, 11, 12}, outcome
    if outcome.status:
        assert api.files() == before
    api.devenv("add", "nodejs@24", "uv", "ripgrep", "zig", "go")
    user.verify_store()
