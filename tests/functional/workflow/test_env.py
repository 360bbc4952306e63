"""`devenv env`, and `use devenv` in the real direnv."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from devenv.activation.hook import format_hook
from tests.functional.workflow.command import User

MANIFEST = """dotenv = [".env"]

[env]
GREETING = "it's $HOME"
GONE = { unset = true }
PATH = { prepend = ["own bin"], append = ["/behind"] }

[packages]
just = "*"
"""


@pytest.fixture
def api(user: User) -> User:
    """An allowed project with variables of every kind."""
    there = user.project("api", "just")
    there.manifest.write_text(MANIFEST)
    (there.directory / ".env").write_text("SECRET='hunter2 $x'\n")
    there.devenv("lock")
    there.devenv("allow")
    return there.having(GONE="here")


def test_json(api: User) -> None:
    """S-28: the environment as data: what it is, and final values that are those of `devenv run`."""
    result = api.report("env")
    own, store = str(api.directory / "own bin"), result["environment"] + "/bin"
    assert result["variables"] == {"GREETING": "it's $HOME", "SECRET": "hunter2 $x"}
    assert result["unset"] == ["GONE"]
    assert result["lists"]["PATH"] == {"before": [own, store], "after": ["/behind"]}
    assert result["watched"] == ["devenv.toml", "devenv.lock", ".env"]
    entries = api.devenv("run", "env", "-0").text.split("\0")[:-1]
    environ = dict(entry.split("=", 1) for entry in entries)
    ready = result["ready"]
    assert ready["PATH"] == f"{own}:{store}:/usr/local/bin:/usr/bin:/bin:/behind"
    assert {name: environ.get(name) for name in ready} == ready
    assert environ.keys() - api.environ.keys() <= ready.keys()
    # The same from inside.
    inside = User(api.home, api.directory, environ)
    assert inside.report("env")["ready"] == ready


def test_text(api: User) -> None:
    """For people, a table."""
    lines = api.devenv("env").text.splitlines()
    assert "GREETING  it's $HOME" in lines
    assert "GONE      (not set)" in lines


def test_faulty_file(api: User) -> None:
    """A line that breaks a rule keeps the project from being allowed: the error has its place, and nothing is left."""
    api.manifest.write_text(MANIFEST + "# changed\n")
    (api.directory / ".env").write_text("A=1\nPATH=/evil\n")
    error = api.failure("allow")
    assert (error["slug"], error["place"]) == (
        "dotenv-invalid",
        {"file": str(api.directory / ".env"), "line": 2, "column": 1},
    )
    assert not api.unfinished()


def test_dotenv(api: User) -> None:
    """A dotenv file of the final values."""
    lines = api.devenv("env", "--dotenv").text.splitlines()
    assert "SECRET='hunter2 $x'" in lines
    assert 'GREETING="it\'s \\$HOME"' in lines
    assert "# GONE is not set" in lines


@pytest.mark.parametrize("form", ["--json", "--dotenv", "--github", "--direnv"])
def test_not_allowed(api: User, form: str) -> None:
    """A project that was not allowed, or that changed, gives nothing away and prints nothing for a tool to evaluate."""
    api.manifest.write_text(MANIFEST + "# changed\n")
    files = {name: str(api.directory / name) for name in ("GITHUB_ENV", "GITHUB_PATH")}
    for path in files.values():
        Path(path).touch()
    outcome = api.having(**files).call("env", form)
    assert outcome.status == 14
    assert form == "--json" or outcome.output == b""
    assert [Path(path).read_bytes() for path in files.values()] == [b"", b""]


def test_github(api: User) -> None:
    """In a workflow, later steps get the variables and the directories; what was in the files stays."""
    env, path = (api.directory / name for name in ("env", "path"))
    env.write_text("EARLIER=1\n")
    path.write_text("/earlier\n")
    step = api.having(GITHUB_ENV=str(env), GITHUB_PATH=str(path))
    outcome = step.devenv("env", "--github")
    assert "`GONE` will be set and empty" in outcome.messages
    text = env.read_text()
    assert text.startswith("EARLIER=1\nGONE<<devenv_")
    assert "\nhunter2 $x\ndevenv_" in text
    lines = path.read_text().splitlines()
    assert lines[0] == "/earlier"
    assert lines[-1] == str(api.directory / "own bin")
    before = env.read_text()
    step.devenv("env", "--github")
    assert env.read_text()[len(before) :].partition("<<")[2][:40] not in before, "the delimiter is random"


@pytest.mark.parametrize("variables", [
    {}, {"GITHUB_ENV": "relative", "GITHUB_PATH": "relative"}, {"GITHUB_ENV": "/dev/null", "GITHUB_PATH": "/dev/null"},
    {"GITHUB_ENV": "/missing/x", "GITHUB_PATH": "/missing/x"}, {"GITHUB_ENV": "", "GITHUB_PATH": ""},
])  # fmt: skip
def test_github_outside(api: User, variables: dict[str, str]) -> None:
    """Outside of a workflow, `--github` is an error with a next step, and no file is made."""
    error = api.having(**variables).failure("env", "--github")
    assert (error["slug"], error["exit_code"]) == ("github-missing", 2)
    assert not (api.directory / "relative").exists()


@pytest.fixture
def direnv_user(api: User) -> User:
    """A user of direnv with `use devenv`, whose `.envrc` is allowed."""
    if shutil.which("direnv") is None:
        pytest.skip("needs `direnv`")
    library = api.home / ".config" / "direnv" / "lib"
    library.mkdir(parents=True)
    program = api.home / "devenv"
    program.write_text(f'#!/bin/sh\nexec {" ".join(api.command())} "$@"\n')
    program.chmod(0o755)
    (library / "devenv.sh").write_bytes(format_hook("direnv", api.settings, program))
    (api.directory / ".envrc").write_text("use devenv\n")
    direnv(api, "allow")
    return api


def direnv(user: User, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("direnv") or "direnv", *arguments]
    return subprocess.run(
        command, check=False, cwd=user.directory, env=dict(user.environ), capture_output=True, text=True
    )


def test_direnv_has_the_environment(direnv_user: User) -> None:
    """`use devenv` gives direnv the values of `devenv run`, and leaves shells' own markers out."""
    shown = direnv(direnv_user, "exec", ".", "env", "-0")
    assert shown.returncode == 0, shown.stderr
    environ = dict(entry.split("=", 1) for entry in shown.stdout.split("\0")[:-1])
    ready = direnv_user.report("env")["ready"]
    expected = {name: value for name, value in ready.items() if not name.startswith("DEVENV_")}
    assert {name: environ.get(name) for name in expected} == expected
    assert environ["DEVENV_NAME"] == "api"
    assert "DEVENV_PROJECT" not in environ
    assert direnv(direnv_user, "exec", ".", "just").stdout.startswith("just ")


def test_direnv_asks_devenv(direnv_user: User) -> None:
    """L-02: what devenv did not allow, direnv does not get: the message says what to do."""
    direnv_user.manifest.write_text(MANIFEST + "# changed\n")
    shown = direnv(direnv_user, "exec", ".", "env")
    assert "hunter2" not in shown.stdout
    assert "changed since it was allowed" in shown.stderr


def test_direnv_watches(direnv_user: User) -> None:
    """direnv is told all files that decide, so that a change of any of them is noticed."""
    shown = direnv(direnv_user, "exec", ".", "direnv", "status")
    assert shown.returncode == 0, shown.stderr
    for name in ("devenv.toml", "devenv.lock", ".env", "activation.json"):
        assert name in shown.stdout, shown.stdout


def test_hook_for_direnv_is_printed(user: User) -> None:
    """`devenv hook direnv` prints the file, with this user's places in it."""
    text = user.devenv("hook", "direnv").text
    assert f"'{user.settings.state}'/trust" in text
    assert "@DEVENV" not in text
    assert subprocess.run(["bash", "-n"], check=False, input=text, text=True).returncode == 0
