"""`devenv store du`."""

from __future__ import annotations

from devenv.cli.command import Action, verb
from devenv.workflow.tools import Tools


@verb("du", within="store", examples=["devenv store du", "devenv store du --json"])
def command() -> Action:
    """Show how much each project takes, alone and shared."""

    def action(tools: Tools) -> object:
        from devenv.workflow.usage import compute_usage

        return compute_usage(tools)

    return action
