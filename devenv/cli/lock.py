"""`devenv lock`."""

from __future__ import annotations

from devenv.cli.command import Action, here, refresh_option, verb
from devenv.workflow.tools import Tools


@verb("lock", examples=["devenv lock"])
@refresh_option
def command(refresh: bool) -> Action:
    """Make the lock answer the manifest; what it answers already stays."""
    from devenv.workflow.edit import lock_project

    def action(tools: Tools) -> object:
        tools.refresh = refresh
        return lock_project(tools, here())

    return action
