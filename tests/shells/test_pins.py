"""Shells tell which generation they are in, so that it is not deleted under them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.activation.model import Activation
from devenv.generations.pins import read_pins, remove_stale_pins
from tests.shells.drivers import Shell
from tests.shells.workspace import Workspace


def number_of(bash: Shell) -> int:
    """The process of the shell that answers at the prompt."""
    return int(bash.run("echo $$"))


def activate(workspace: Workspace, name: str) -> Activation:
    return workspace.activate(workspace.project(name), variables={"INSIDE": name})


def test_shell_pins_what_it_entered_last(workspace: Workspace) -> None:
    """D-05: what a shell is in counts as in use, after it left as well: its jobs may still be running there."""
    first, second = activate(workspace, "first"), activate(workspace, "second")
    with workspace.bash() as bash:
        shell = number_of(bash)
        assert read_pins(workspace.settings) == {}
        for directory, expected in [("first", first), ("..", first), ("second", second), ("/", second)]:
            bash.run(f"cd ~/{directory}")
            assert read_pins(workspace.settings) == {expected.generation: (shell,)}
        newer = workspace.activate(second.project, variables={"INSIDE": "newer"})
        bash.run("cd ~/second")
        assert read_pins(workspace.settings) == {newer.generation: (shell,)}


def test_pin_ends_with_its_shell(workspace: Workspace) -> None:
    """A-16: a shell that was killed pins nothing; its file goes when the next one looks, and not before."""
    activation = activate(workspace, "api")
    with workspace.bash() as bash, workspace.bash() as other:
        shells = number_of(bash), number_of(other)
        bash.run("cd api")
        other.run("cd api")
        assert read_pins(workspace.settings) == {activation.generation: tuple(sorted(shells))}
        bash.close()
        assert read_pins(workspace.settings) == {activation.generation: shells[1:]}
        remove_stale_pins(workspace.settings)
        assert os.listdir(workspace.settings.state / "shells") == [str(shells[1])]


def test_shells_inside_an_environment(workspace: Workspace) -> None:
    """D-05: a shell that was started inside, or took the place of another, pins what it has to leave some day."""
    activation = activate(workspace, "api")
    with workspace.bash() as bash:
        outer = number_of(bash)
        bash.run("cd api")
        bash.run("bash")
        inner = number_of(bash)
        assert inner != outer
        assert read_pins(workspace.settings) == {activation.generation: tuple(sorted((outer, inner)))}
        bash.run("exit")
        bash.run("exec bash")
        assert number_of(bash) == outer
        assert read_pins(workspace.settings) == {activation.generation: (outer,)}


def test_devenv_shell_pins(workspace: Workspace) -> None:
    """D-05: `devenv shell` enters without a project's directory, and pins all the same."""
    activation = activate(workspace, "api")
    with workspace.bash():
        pass  # writes ~/.bashrc, which has the prompt that is awaited
    with workspace.devenv_shell("bash", activation, workspace.environ()) as bash:
        assert read_pins(workspace.settings) == {activation.generation: (number_of(bash),)}


def test_pins_are_the_users_alone(workspace: Workspace) -> None:
    """L-08: nobody else can see, make or change pins: they lie in a directory of mode 0700."""
    activate(workspace, "api")
    with workspace.bash("umask 0") as bash:
        bash.run("cd api")
        directory = workspace.settings.state / "shells"
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert os.listdir(directory) == [str(number_of(bash))]


def replace_by_file(shells: Path) -> None:
    shells.rmdir()
    shells.write_text("")


@pytest.mark.parametrize("spoil", [Path.rmdir, replace_by_file], ids=["missing", "file"])
def test_pin_that_cannot_be_written(workspace: Workspace, spoil: Callable[[Path], None]) -> None:
    """B-04: where the state directory takes no pin the shell enters and leaves as ever, and says nothing of it."""
    activate(workspace, "api")
    spoil(workspace.settings.state / "shells")
    with workspace.bash() as bash:
        assert bash.run("cd api") == "devenv: entered api\n"
        assert bash.run("echo $INSIDE") == "api\n"
        assert bash.run("cd ..; echo ${INSIDE-left}") == "left\n"
    assert read_pins(workspace.settings) == {}


def test_entering_twice_writes_once(workspace: Workspace) -> None:
    """Invariant 7: coming back to the generation that is pinned already writes nothing."""
    activation = activate(workspace, "api")
    with workspace.bash("set -o noclobber") as bash:
        bash.run("cd api")
        pin = workspace.settings.state / "shells" / str(number_of(bash))
        os.utime(pin, ns=(0, 0))
        bash.run("cd ..; cd api")
        assert pin.stat().st_mtime_ns == 0
        activate(workspace, "other")
        bash.run("cd ../other; cd ../api")
        assert pin.stat().st_mtime_ns != 0
        assert pin.read_text() == str(activation.generation)
