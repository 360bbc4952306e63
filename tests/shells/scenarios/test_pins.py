"""Shells tell which generation they are in, so that it is not deleted under them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.activation.model import Activation
from devenv.generations.pins import read_pins, remove_stale_pins
from tests.shells.workspace import Workspace

NO_CLOBBER = {"fish": ""}
"""Forbids what would overwrite a file, where a shell knows such a thing."""


def activate(workspace: Workspace, name: str) -> Activation:
    return workspace.activate(workspace.project(name), variables={"INSIDE": name})


def test_shell_pins_what_it_entered_last(workspace: Workspace, kind: str) -> None:
    """D-05: what a shell is in counts as in use, after it left as well: its jobs may still be running there."""
    first, second = activate(workspace, "first"), activate(workspace, "second")
    with workspace.shell(kind) as shell:
        number = shell.number()
        assert read_pins(workspace.settings) == {}
        for directory, expected in [("first", first), ("..", first), ("second", second), ("/", second)]:
            shell.run(f"cd ~/{directory}")
            assert read_pins(workspace.settings) == {expected.generation: (number,)}
        newer = workspace.activate(second.project, variables={"INSIDE": "newer"})
        shell.run("cd ~/second")
        assert read_pins(workspace.settings) == {newer.generation: (number,)}


def test_pin_ends_with_its_shell(workspace: Workspace, kind: str) -> None:
    """A-16: a shell that was killed pins nothing; its file goes when the next one looks, and not before."""
    activation = activate(workspace, "api")
    with workspace.shell(kind) as shell, workspace.shell(kind) as other:
        shells = shell.number(), other.number()
        shell.run("cd api")
        other.run("cd api")
        assert read_pins(workspace.settings) == {activation.generation: tuple(sorted(shells))}
        shell.close()
        assert read_pins(workspace.settings) == {activation.generation: shells[1:]}
        remove_stale_pins(workspace.settings)
        assert os.listdir(workspace.settings.state / "shells") == [str(shells[1])]


def test_shells_inside_an_environment(workspace: Workspace, kind: str) -> None:
    """D-05: a shell that was started inside, or took the place of another, pins what it has to leave some day."""
    activation = activate(workspace, "api")
    with workspace.shell(kind) as shell:
        outer = shell.number()
        shell.run("cd api")
        with shell.nested(kind, workspace.executable(kind)) as child:
            inner = child.number()
            assert inner != outer
            assert read_pins(workspace.settings) == {activation.generation: tuple(sorted((outer, inner)))}
        after = shell.replace(kind, f"exec {workspace.executable(kind)}")
        assert after.number() == outer
        assert read_pins(workspace.settings) == {activation.generation: (outer,)}


def test_devenv_shell_pins(workspace: Workspace, kind: str) -> None:
    """D-05: `devenv shell` enters without a project's directory, and pins all the same."""
    activation = activate(workspace, "api")
    workspace.write_rc(kind)
    with workspace.devenv_shell(kind, activation, workspace.environ()) as shell:
        assert read_pins(workspace.settings) == {activation.generation: (shell.number(),)}


def test_pins_are_the_users_alone(workspace: Workspace, kind: str) -> None:
    """L-08: nobody else can see, make or change pins: they lie in a directory of mode 0700."""
    activate(workspace, "api")
    with workspace.shell(kind, "umask 0") as shell:
        shell.run("cd api")
        directory = workspace.settings.state / "shells"
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert os.listdir(directory) == [str(shell.number())]


def replace_by_file(shells: Path) -> None:
    shells.rmdir()
    shells.write_text("")


@pytest.mark.parametrize("spoil", [Path.rmdir, replace_by_file], ids=["missing", "file"])
def test_pin_that_cannot_be_written(workspace: Workspace, kind: str, spoil: Callable[[Path], None]) -> None:
    """B-04: where the state directory takes no pin the shell enters and leaves as ever, and says nothing of it."""
    activate(workspace, "api")
    spoil(workspace.settings.state / "shells")
    with workspace.shell(kind) as shell:
        assert shell.run("cd api") == "devenv: entered api\n"
        assert shell.run("echo $INSIDE") == "api\n"
        assert shell.run("cd ..") == ""
        assert shell.value("INSIDE") is None
    assert read_pins(workspace.settings) == {}


def test_entering_twice_writes_once(workspace: Workspace, kind: str) -> None:
    """Invariant 7: coming back to the generation that is pinned already writes nothing."""
    activation = activate(workspace, "api")
    with workspace.shell(kind, NO_CLOBBER.get(kind, "set -o noclobber")) as shell:
        shell.run("cd api")
        pin = workspace.settings.state / "shells" / str(shell.number())
        os.utime(pin, ns=(0, 0))
        shell.run("cd ..\ncd api")
        assert pin.stat().st_mtime_ns == 0
        activate(workspace, "other")
        shell.run("cd ../other\ncd ../api")
        assert pin.stat().st_mtime_ns != 0
        assert pin.read_text() == str(activation.generation)
