"""The real program and the real hook together: allow, edit, allow again; what a project may not decide."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from devenv.cli.program import program_path
from tests.homes import temporary_home
from tests.shells.workspace import Workspace, prompt_until

MANIFEST = """[project]
name = "api"
[env]
INSIDE = "%s"
[shell]
aliases = { inside = "echo alias" }
"""


@pytest.fixture
def user(programs: Mapping[str, str]) -> Iterator[Workspace]:
    """A home whose shells call the real program; a store's path has to be short."""
    with temporary_home() as home:
        workspace = Workspace(home, programs)
        workspace.program = program_path()
        yield workspace


def devenv(workspace: Workspace, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb without a terminal and without input."""
    return subprocess.run(
        [str(workspace.program), *arguments],
        cwd=directory,
        env=workspace.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def new_project(workspace: Workspace) -> Path:
    """A project without packages, locked and not allowed."""
    project = workspace.home / "api"
    project.mkdir()
    (project / "devenv.toml").write_text(MANIFEST % "one")
    assert devenv(workspace, project, "lock").returncode == 0
    return project


def test_allow_edit_and_allow_again(user: Workspace, kind: str) -> None:
    """L-02, L-14, S-23, S-24: nothing acts before `allow`, nor after an edit; `allow` asks nothing."""
    project = new_project(user)
    with user.shell(kind) as shell:
        assert "is not allowed" in shell.run("cd api")
        assert shell.value("INSIDE") is None
        assert devenv(user, project, "allow").returncode == 0
        assert shell.run("true") == "devenv: entered api\n"
        assert shell.run("inside; echo $INSIDE") == "alias\none\n"
        (project / "devenv.toml").write_text(MANIFEST % "two")
        prompt_until(shell, "devenv: ")
        while shell.value("INSIDE") is not None:
            shell.run("true")
        assert devenv(user, project, "allow").returncode == 0
        assert prompt_until(shell, "entered") == "devenv: entered api\n"
        assert shell.value("INSIDE") == "two"
        assert shell.run("cd ..") == ""
        assert shell.value("INSIDE") is None
        assert not shell.has_command("inside")


def test_same_content_is_still_allowed(user: Workspace, kind: str) -> None:
    """L-02: a file that was written anew with the same content keeps the environment, without a word."""
    project = new_project(user)
    assert devenv(user, project, "allow").returncode == 0
    stamp = user.settings.state / "active" / project.relative_to("/") / "@devenv" / "0.stamp"
    with user.shell(kind) as shell:
        shell.run("cd api")
        os.utime(project / "devenv.toml", (1_500_000_000, 1_500_000_000))
        said = ""
        while stamp.stat().st_mtime_ns != 1_500_000_000 * 10**9:
            said += shell.run("true")
        assert said == ""
        assert shell.value("INSIDE") == "one"


@pytest.mark.parametrize(
    "claim",
    [
        "substituters = ['/tmp/store']",
        "[settings]\nsubstituters = ['/tmp/store']",
        "[build]\nsandbox = 'off'",
        "[registries.pypi]\nindex = 'https://packages.example/simple/'",
        "[registries.debian]\nkeyring = '/tmp/keys'",
        "[env]\nDEVENV_STATE = '/tmp/state'",
    ],
)
def test_projects_decide_nothing_about_trust(user: Workspace, claim: str) -> None:
    """L-15: stores, keys, registries, the sandbox and the state are for the settings, not for projects."""
    project = user.home / "api"
    project.mkdir()
    (project / "devenv.toml").write_text(f"{claim}\n")
    refused = devenv(user, project, "lock")
    assert refused.returncode != 0
    assert "devenv.toml" in refused.stderr
    assert not (project / "devenv.lock").exists()
