"""`devenv remove`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import MANIFEST_PACKAGE, environment_option


@verb("remove", network=True, examples=["devenv remove ripgrep"])
@click.argument("packages", type=MANIFEST_PACKAGE, nargs=-1, required=True, metavar="NAME…")
@environment_option
def command(packages: tuple[str, ...], environment: str) -> Action:
    """Take packages out of the manifest and the lock."""
    from devenv.workflow.edit import remove_packages

    return lambda tools: remove_packages(tools, here(), packages, environment)
