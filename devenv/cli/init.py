"""`devenv init`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH


@verb("init", examples=["devenv init", "devenv init --template node api", "devenv init --list"])
@click.argument("directory", required=False, type=PATH)
@click.option("-t", "--template", default="minimal", metavar="NAME", show_default=True, help="What to begin with.")
@click.option("--list", "listing", is_flag=True, help="List the templates and do nothing.")
def command(directory: Path | None, template: str, listing: bool) -> Action:
    """Make a project: a manifest, and the files of a template."""
    from devenv.workflow.start import find_templates, init_project

    if listing:
        return lambda _tools: find_templates()
    return lambda tools: init_project(tools, here() / (directory or "."), template)
