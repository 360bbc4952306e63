"""`devenv shell`."""

from __future__ import annotations

import os

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import environment_option
from devenv.workflow.tools import Tools


@verb(
    "shell", uses_lock=True, json=False, examples=["devenv shell", "devenv shell -e ci", "SHELL=/bin/bash devenv shell"]
)
@environment_option
def command(environment: str) -> Action:
    """Start your own shell in the environment."""

    def action(tools: Tools) -> None:
        from devenv.activation.shell import ShellRequest, shell_command
        from devenv.cli.replace import replace_process
        from devenv.workflow.enter import enter_project

        entered = enter_project(tools, here(), environment)
        request = ShellRequest(os.environ.get("SHELL") or "/bin/sh", os.environ)
        start = shell_command(tools.settings, entered.activation, request)
        tools.close()
        replace_process(start.arguments[0], start.arguments, start.environ)

    return action
