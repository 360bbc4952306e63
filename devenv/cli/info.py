"""`devenv info`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, refresh_option, verb
from devenv.workflow.tools import Tools


@verb("info", examples=["devenv info nodejs", "devenv info nodejs --json"])
@click.argument("name")
@refresh_option
def command(name: str, refresh: bool) -> Action:
    """Show what is known of a package, and its newest versions."""
    from devenv.workflow.inspect import package_info

    def action(tools: Tools) -> object:
        tools.refresh = refresh
        return package_info(tools, name)

    return action
