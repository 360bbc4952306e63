"""`devenv revoke`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import KNOWN_PROJECT


@verb("revoke", examples=["devenv revoke", "devenv revoke ../legacy"])
@click.argument("directory", required=False, type=KNOWN_PROJECT)
def command(directory: Path | None) -> Action:
    """Forget that a project was allowed or denied: it is unknown again."""
    from devenv.workflow.trust import revoke_project

    return lambda tools: revoke_project(tools, here() / (directory or "."))
