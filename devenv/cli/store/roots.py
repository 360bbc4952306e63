"""`devenv store roots`."""

from __future__ import annotations

from devenv.cli.command import Action, verb
from devenv.workflow.tools import Tools


@verb("roots", within="store", examples=["devenv store roots", "devenv store roots --json"])
def command() -> Action:
    """List everything that keeps objects: generations, links, processes."""

    def action(tools: Tools) -> object:
        from devenv.workflow.store import list_roots

        return list_roots(tools)

    return action
