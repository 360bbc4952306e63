"""`.devenv/env`: the link in a project that editors use, also in a project that came with traps."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.functional.workflow.command import User


@pytest.fixture
def api(user: User) -> User:
    """An allowed project with `just`."""
    return user.project("api", "just@1.40.0")


def directory_of(user: User) -> Path:
    return user.directory / ".devenv"


def refill(user: User) -> Path:
    """The project's directory for links, without the ones that are there."""
    directory = directory_of(user)
    for path in directory.iterdir():
        path.unlink()
    return directory


def version_by_link(user: User) -> str:
    return subprocess.run(
        [directory_of(user) / "env" / "bin" / "just"], check=True, capture_output=True, text=True
    ).stdout


def test_link_follows_the_environment(api: User) -> None:
    """The link leads to the current environment, is replaced when that is, and outlives a collection of the old one."""
    assert version_by_link(api) == "just 1.40.0\n"
    before = os.readlink(directory_of(api) / "env")
    api.devenv("add", "just@1.42.0")
    assert os.readlink(directory_of(api) / "env") != before
    api.devenv("gc", "--older-than", "0d")
    assert version_by_link(api) == "just 1.42.0\n"
    assert not api.unfinished()


def test_git_sees_nothing_of_it(api: User) -> None:
    """The directory ignores itself, whatever the project's own `.gitignore` says."""
    (api.directory / ".gitignore").unlink()
    subprocess.run(["git", "init", "-q"], cwd=api.directory, check=True, env=dict(api.environ))
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    shown = subprocess.run(
        command, cwd=api.directory, check=True, capture_output=True, text=True, env=dict(api.environ)
    ).stdout
    assert ".devenv" not in shown
    assert "devenv.toml" in shown


def test_nothing_before_allow(api: User) -> None:
    """L-01: a project that is not allowed gets nothing, whatever is run in it; a changed one nothing new."""
    cloned = api.at("../cloned")
    for path in (api.manifest, api.lock):
        (cloned.directory / path.name).write_bytes(path.read_bytes())
    for verb in (["run", "true"], ["status"], ["deny"]):
        cloned.call(*verb)
    assert not directory_of(cloned).exists()
    cloned.devenv("allow")
    assert version_by_link(cloned) == "just 1.40.0\n"


@pytest.mark.parametrize("kind", ["link", "dangling", "file"])
def test_directory_that_is_none(api: User, kind: str) -> None:
    """Through a `.devenv` that came with a checkout as a link or a file nothing is written; the rest goes on."""
    victim = api.home / "victim"
    victim.mkdir()
    directory = refill(api)
    directory.rmdir()
    if kind == "file":
        directory.write_text("mine")
    else:
        directory.symlink_to(victim if kind == "link" else api.home / "missing")
    outcome = api.devenv("allow")
    assert f"devenv cannot keep links for editors in `{directory}`" in outcome.messages
    assert list(victim.iterdir()) == []
    assert not (api.home / "missing").exists()
    assert kind != "file" or directory.read_text() == "mine"
    assert api.devenv("run", "just").text == "just 1.40.0\n"


def test_prepared_content(api: User) -> None:
    """Links prepared in the directory are replaced and not followed; a directory in the link's place stays."""
    victim = api.home / "victim"
    victim.write_text("untouched")
    directory = refill(api)
    (directory / ".gitignore").symlink_to(victim)
    (directory / "env").symlink_to(victim)
    api.devenv("allow")
    assert victim.read_text() == "untouched"
    assert version_by_link(api) == "just 1.40.0\n"
    (directory / "env").unlink()
    (directory / "env").mkdir()
    (directory / "env" / "mine").touch()
    assert "Is a directory" in api.devenv("allow").messages
    assert (directory / "env" / "mine").exists()
    assert not api.unfinished()


def test_directory_of_others(api: User) -> None:
    """Where others may write, no link is put: they could lead an editor elsewhere."""
    directory = refill(api)
    directory.chmod(0o777)
    assert "everybody may write into it" in api.devenv("allow").messages
    assert list(directory.iterdir()) == []
    directory.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(directory, 65534, 65534)
        assert "it belongs to somebody else" in api.devenv("allow").messages
        assert list(directory.iterdir()) == []
