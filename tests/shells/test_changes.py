"""Files that changed since they were allowed: the program decides, and the prompt never waits for it twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.shells.workspace import Workspace


def edit(path: Path) -> None:
    """Change `path`; its time moves on, since a shell answered in between."""
    changed = path.stat().st_mtime_ns
    path.write_text(path.read_text() + "# changed\n")
    assert path.stat().st_mtime_ns > changed


WITHDRAW = 'rm "$HOME/.local/state/devenv/active$1/@devenv"'
RESTAMP = """touch -r "$1/devenv.toml" "$HOME/.local/state/devenv/active$1/@devenv/0.stamp"
touch -r "$1/devenv.lock" "$HOME/.local/state/devenv/active$1/@devenv/1.stamp"
"""


@pytest.mark.parametrize("name", ["devenv.toml", "devenv.lock"])
def test_changed_content_takes_the_environment_away(workspace: Workspace, name: str) -> None:
    """L-02: an edited manifest or lock is asked about once, and what is not allowed any more is left at that prompt."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(WITHDRAW)
    with workspace.bash() as bash:
        bash.run("cd api")
        edit(project / name)
        assert "is not allowed" in bash.run("true")
        assert bash.run("echo ${INSIDE-unset}") == "unset\n"
        assert bash.run("true") == ""
        assert workspace.asked() == [f"hook-changed -- {project}"]
        workspace.activate(project, variables={"INSIDE": "again"})
        assert bash.run("true") == "devenv: entered api\n"


def test_changed_while_away(workspace: Workspace) -> None:
    """L-02: what changed while no shell was there is asked about before anything is entered."""
    project = workspace.project("api")
    workspace.activate(project, hook="echo ran")
    workspace.answer(WITHDRAW)
    edit(project / "devenv.lock")
    with workspace.bash() as bash:
        assert bash.run("cd api").startswith("devenv: the project ")
        assert len(workspace.asked()) == 1


def test_same_content_with_another_time(workspace: Workspace) -> None:
    """A changed time alone costs one call of the program, and the environment stays; times that go back count too."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(RESTAMP)
    with workspace.bash() as bash:
        bash.run("cd api")
        for time in (1_000_000_000, 2_000_000_000):
            os.utime(project / "devenv.toml", (time, time))
            assert bash.run("true") == ""
            assert bash.run("true; echo $INSIDE") == "yes\n"
        assert len(workspace.asked()) == 2


def test_missing_file(workspace: Workspace) -> None:
    """A manifest or lock that disappears, and one that appears, is a change."""
    project = workspace.project("api")
    (project / "devenv.lock").unlink()
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer(WITHDRAW)
    with workspace.bash() as bash:
        bash.run("cd api")
        assert workspace.asked() == []
        (project / "devenv.lock").write_text("")
        bash.run("true")
        assert len(workspace.asked()) == 1
        workspace.activate(project, variables={"INSIDE": "yes"})
        bash.run("true")
        (project / "devenv.toml").unlink()
        assert bash.run("true; true") == ""
        assert len(workspace.asked()) == 2
        assert bash.run("echo ${INSIDE-unset}") == "unset\n"


def test_program_that_fails(workspace: Workspace) -> None:
    """L-11: a program that fails is not started again until the files change again or the directory is left."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    with workspace.bash() as bash:
        bash.run("cd api")
        edit(project / "devenv.toml")
        assert "devenv status" in bash.run("true")
        assert bash.run("true") == ""
        assert bash.run("cd .; echo $INSIDE") == "yes\n"
        assert len(workspace.asked()) == 1
        edit(project / "devenv.toml")
        assert bash.run("true") == ""
        assert len(workspace.asked()) == 2
        bash.run("cd ~")
        assert bash.run("echo ${INSIDE-unset}") == "unset\n"
        bash.run("cd api")
        assert len(workspace.asked()) == 3
        assert bash.run("echo ${INSIDE-unset}") == "unset\n"
        workspace.answer(RESTAMP)
        bash.run("cd ~")
        assert bash.run("cd api") == "devenv: entered api\n"


def test_program_that_is_missing(workspace: Workspace) -> None:
    """L-11: with devenv uninstalled the prompt works, the environment stays, and one line says what is wrong."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.program.unlink()
    with workspace.bash() as bash:
        bash.run("cd api")
        edit(project / "devenv.toml")
        assert bash.run("true").count("\n") == 1
        assert bash.run("true; echo $INSIDE") == "yes\n"


def test_program_that_is_interrupted(workspace: Workspace) -> None:
    """L-11: Ctrl-C ends a program that hangs; the prompt is there, the options are the user's, nothing is lost."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"}, aliases={"inside": "echo yes"})
    workspace.answer("echo waiting; exec sleep 600")
    with workspace.bash() as bash:
        bash.run("cd api; set -u")
        edit(project / "devenv.toml")
        bash.interrupt_when("true", "waiting")
        assert bash.run("true") == ""
        assert bash.run("inside; [[ -o nounset ]] && echo $INSIDE") == "yes\nyes\n"
        assert len(workspace.asked()) == 1
        bash.run("cd ~")
        assert bash.run("echo ${INSIDE-unset}") == "unset\n"


def test_program_that_answers_without_effect(workspace: Workspace) -> None:
    """A program that claims success but changes nothing is not started at every prompt."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    workspace.answer("exit 0")
    with workspace.bash() as bash:
        bash.run("cd api")
        edit(project / "devenv.toml")
        bash.run("true")
        bash.run("true")
        assert len(workspace.asked()) == 1


def test_files_from_the_future(workspace: Workspace) -> None:
    """Files whose time lies ahead of the clock do not make the hook ask at every prompt."""
    project = workspace.project("api")
    workspace.activate(project, variables={"INSIDE": "yes"})
    with workspace.bash() as bash:
        bash.run("cd api")
        os.utime(project / "devenv.toml", (4_000_000_000, 4_000_000_000))
        bash.run("true")
        assert bash.run("true; echo $INSIDE") == "yes\n"
        assert len(workspace.asked()) == 1
