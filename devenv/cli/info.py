"""`devenv info`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb


@verb("info", examples=["devenv info nodejs", "devenv info nodejs --json"])
@click.argument("name")
def command(name: str) -> Action:
    """Show what is known of a package, and its newest versions."""
    from devenv.workflow.inspect import package_info

    return lambda tools: package_info(tools, name)
