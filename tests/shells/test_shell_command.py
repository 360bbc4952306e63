"""`devenv shell` where it is not at a terminal, or the shell is one that has no hook."""

from __future__ import annotations

import os
import subprocess

from devenv.activation.model import Activation
from devenv.activation.shell import ShellRequest, shell_command
from tests.shells.workspace import Workspace


def activate(workspace: Workspace) -> Activation:
    return workspace.activate(workspace.project("api"), variables={"INSIDE": "api"})


def test_devenv_shell_without_a_terminal(workspace: Workspace) -> None:
    """A bash that is not interactive reads no rc file: it has the variables all the same."""
    activation = activate(workspace)
    command = shell_command(workspace.settings, activation, ShellRequest("bash", workspace.environ()))
    result = subprocess.run(
        command.arguments, input=b"echo $INSIDE", env=dict(command.environ), capture_output=True, check=True, timeout=30
    )
    assert result.stdout == b"api\n"


def test_other_shells_get_the_variables(workspace: Workspace) -> None:
    """`devenv shell` starts any shell; one that devenv has no script for gets the environment alone."""
    activation = activate(workspace)
    command = shell_command(workspace.settings, activation, ShellRequest("/bin/sh", os.environ))
    assert command.arguments == ("/bin/sh",)
    assert command.environ["INSIDE"] == "api"
