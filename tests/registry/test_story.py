"""The main job from beginning to end, as somebody types it: real packages, in an interactive bash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.cli.program import program_path
from tests.registry.user import BASE_PATH, User
from tests.shells.drivers import ARGUMENTS, Shell, start_shell, write_rc
from tests.shells.executables import find_on_path


@pytest.fixture
def bash(user: User, mixed: Path, tmp_path: Path) -> Iterator[Shell]:
    """The user's bash, in their home, with no hook yet; `devenv` is in `PATH`, and most of what it needs downloaded."""
    (tmp_path / "devenv").symlink_to(program_path())
    write_rc(user.home, "bash", "", "", "")
    environ = user.environ | {"PATH": f"{tmp_path}:{BASE_PATH}"}
    with start_shell("bash", user.home, [find_on_path()["bash"], *ARGUMENTS["bash"]], environ) as bash:
        yield bash


def test_the_story(user: User, bash: Shell) -> None:
    """`init`, `add`, `run`, hook, `allow`, `cd` to another project, `cd /`: and `PATH` is exactly what it was."""
    legacy = user.home / "legacy"
    user.call("init", str(legacy))
    user.call("add", "nodejs@22", directory=legacy)
    (user.home / "work").mkdir()
    bash.run("cd ~/work")
    before = bash.variables()
    nothing = bash.run("type -P node")

    bash.run("devenv init --template node api && cd api")
    assert "added nodejs 24." in bash.run("devenv add nodejs@24 ripgrep just")
    assert bash.run("devenv run -- node --version").startswith("v24.")
    assert bash.run("type -P node") == nothing, "nothing acts on this shell yet"

    bash.run('eval "$(devenv hook bash)"; devenv allow')
    assert bash.run("node --version").startswith("v24.")
    assert bash.run("rg --version").startswith("ripgrep ")
    assert bash.run("just --version").startswith("just ")
    assert bash.run("alias start") == "alias start='node server.js'\n"

    assert "entered legacy" in bash.run("cd .. && cd ../legacy")
    assert bash.run("node --version").startswith("v22.")
    assert "not found" in bash.run("just --version")

    assert bash.run("cd / && node --version") == bash.run("command node --version"), "gone on the same line already"
    assert bash.run("type -P node") == nothing
    after = bash.variables()
    assert after[b"PATH"] == before[b"PATH"]
    assert {name: after[name] for name in after if name not in (b"PWD", b"OLDPWD")} == {
        name: before[name] for name in before if name not in (b"PWD", b"OLDPWD")
    }


def test_environment_holds_while_a_project_changes(user: User, bash: Shell) -> None:
    """`devenv add` inside an entered project: the package is there at the next prompt, without `cd` or `allow`."""
    project = user.home / "grows"
    user.call("init", str(project))
    user.call("add", "just", directory=project)
    user.call("allow", directory=project)
    bash.run('eval "$(devenv hook bash)"')
    assert "entered grows" in bash.run("cd ~/grows")
    assert "not found" in bash.run("shfmt --version")

    bash.run("devenv add shfmt")

    assert bash.run("shfmt --version").startswith("v3.")
