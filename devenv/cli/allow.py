"""`devenv allow`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH


@verb("allow", uses_lock=True, examples=["devenv allow", "devenv allow --dry-run ../legacy", "devenv allow --list"])
@click.argument("directory", required=False, type=PATH)
@click.option("-n", "--dry-run", is_flag=True, help="Show what that lets act, and allow nothing.")
@click.option("--list", "list_known", is_flag=True, help="List what was allowed and denied, and do nothing.")
def command(directory: Path | None, dry_run: bool, list_known: bool) -> Action:
    """Let a project act with exactly its present content.

    What is new since it was last allowed is shown.
    """
    from devenv.workflow.trust import allow_project, known_projects

    if list_known:
        if directory is not None or dry_run:
            raise click.UsageError("`--list` is about all projects: it stands alone")
        return known_projects
    return lambda tools: allow_project(tools, here() / (directory or "."), dry_run=dry_run)
