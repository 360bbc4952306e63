"""`devenv lock`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, older_option, refresh_option, verb
from devenv.workflow.tools import Tools


@verb("lock", examples=["devenv lock", "devenv lock --accept just"])
@click.option(
    "--accept",
    multiple=True,
    metavar="PACKAGE",
    help="Pin what the index names now for this package, in the version that is locked.",
)
@refresh_option
@older_option
def command(accept: tuple[str, ...], refresh: bool, allow_older: bool) -> Action:
    """Make the lock answer the manifest; what it answers already stays."""
    from devenv.workflow.edit import lock_project

    def action(tools: Tools) -> object:
        tools.refresh = refresh or bool(accept)
        tools.allow_older = allow_older
        return lock_project(tools, here(), accept)

    return action
