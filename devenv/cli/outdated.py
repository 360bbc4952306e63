"""`devenv outdated`."""

from __future__ import annotations

from devenv.cli.command import Action, here, verb
from devenv.workflow.tools import Tools


@verb("outdated", network=True, examples=["devenv outdated", "devenv outdated --json"])
def command() -> Action:
    """Show what is newer than the lock, and change nothing."""
    from devenv.workflow.outdated import find_outdated

    def action(tools: Tools) -> object:
        tools.refresh = not tools.settings.offline
        return find_outdated(tools, here())

    return action
