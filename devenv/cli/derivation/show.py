"""`devenv derivation show`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import BUILD
from devenv.workflow.tools import Tools


@verb("show", within="derivation", examples=["devenv derivation show curl", "devenv derivation show app --json"])
@click.argument("name", type=BUILD)
def command(name: str) -> Action:
    """Show how a package or a build of the project is built.

    The tree has its inputs, with the first digits of their keys.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.build_records import show_derivation

        return show_derivation(tools, here(), name)

    return action
