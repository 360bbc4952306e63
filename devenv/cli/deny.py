"""`devenv deny`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH


@verb("deny", examples=["devenv deny", "devenv deny ../somebody-elses"])
@click.argument("directory", required=False, type=PATH)
def command(directory: Path | None) -> Action:
    """Take permission back, and keep the prompt silent about it."""
    from devenv.workflow.trust import deny_project

    return lambda tools: deny_project(tools, here() / (directory or "."))
