"""`devenv why`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb
from devenv.cli.parameters import OBJECT
from devenv.workflow.tools import Tools


@verb("why", examples=["devenv why nodejs", "devenv why ./result", "devenv why 3f1kz7"])
@click.argument("path", type=OBJECT)
def command(path: str) -> Action:
    """Show what keeps an object: the shortest chain from a root."""

    def action(tools: Tools) -> object:
        from devenv.workflow.store import explain

        return explain(tools, path)

    return action
