"""`devenv allow`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH


@verb("allow", examples=["devenv allow", "devenv allow ../legacy"])
@click.argument("directory", required=False, type=PATH)
def command(directory: Path | None) -> Action:
    """Let a project act with exactly its present content."""
    from devenv.workflow.trust import allow_project

    return lambda tools: allow_project(tools, here() / (directory or "."))
