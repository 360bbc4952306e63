"""`devenv derivation show`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb
from devenv.workflow.tools import Tools


@verb("show", within="derivation", examples=["devenv derivation show curl", "devenv derivation show app --json"])
@click.argument("name")
def command(name: str) -> Action:
    """Show how a package or a build of the project is built: the tree of its inputs, with their keys."""

    def action(tools: Tools) -> object:
        from devenv.workflow.build_records import show_derivation

        return show_derivation(tools, here(), name)

    return action
