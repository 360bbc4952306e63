"""`devenv lock`."""

from __future__ import annotations

from devenv.cli.command import Action, here, older_option, refresh_option, verb
from devenv.workflow.tools import Tools


@verb("lock", examples=["devenv lock"])
@refresh_option
@older_option
def command(refresh: bool, allow_older: bool) -> Action:
    """Make the lock answer the manifest; what it answers already stays."""
    from devenv.workflow.edit import lock_project

    def action(tools: Tools) -> object:
        tools.refresh = refresh
        tools.allow_older = allow_older
        return lock_project(tools, here())

    return action
