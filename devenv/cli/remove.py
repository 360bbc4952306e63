"""`devenv remove`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb


@verb("remove", examples=["devenv remove ripgrep"])
@click.argument("packages", nargs=-1, required=True, metavar="NAME…")
def command(packages: tuple[str, ...]) -> Action:
    """Take packages out of the manifest and the lock."""
    from devenv.workflow.edit import remove_packages

    return lambda tools: remove_packages(tools, here(), packages)
