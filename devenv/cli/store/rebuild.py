"""`devenv store rebuild`."""

from __future__ import annotations

from devenv.cli.command import Action, verb
from devenv.workflow.tools import Tools


@verb("rebuild", within="store", examples=["devenv store rebuild"])
def command() -> Action:
    """Make the store's database again from what lies on the disk."""

    def action(tools: Tools) -> object:
        from devenv.workflow.store import rebuild

        return rebuild(tools)

    return action
