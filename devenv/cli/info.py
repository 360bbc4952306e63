"""`devenv info`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, refresh_option, verb
from devenv.cli.parameters import PACKAGE
from devenv.workflow.tools import Tools


@verb(
    "info",
    network=True,
    examples=["devenv info nodejs", "devenv info debian:htop", "devenv info debian:bookworm/htop --json"],
)
@click.argument("name", type=PACKAGE, metavar="[SET:]NAME")
@refresh_option
def command(name: str, refresh: bool) -> Action:
    """Show what is known of a package, and its newest versions.

    SET is `debian` or `debian:SUITE/`, as with `devenv add`.
    """
    from devenv.workflow.info import package_info

    def action(tools: Tools) -> object:
        tools.refresh = refresh
        return package_info(tools, here(), name)

    return action
