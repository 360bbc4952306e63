"""`devenv reload`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH


@verb("reload", network=True, examples=["devenv reload", "devenv reload ../api"])
@click.argument("directory", required=False, type=PATH)
def command(directory: Path | None) -> Action:
    """Make the project's new environment now, and wait for it.

    Shells do that by themselves in the background; this shows how it goes, and tries again what failed.
    """
    from devenv.workflow.refresh import reload_project

    return lambda tools: reload_project(tools, here() / (directory or "."))
