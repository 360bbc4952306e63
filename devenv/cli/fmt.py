"""`devenv fmt`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, UnfitResult, here, verb
from devenv.cli.parameters import PATH, environment_option
from devenv.workflow.tools import Tools


@verb("fmt", uses_lock=True, examples=["devenv fmt", "devenv fmt src README.md", "devenv fmt --check"])
@click.argument("paths", type=PATH, nargs=-1, metavar="[PATH]…")
@click.option(
    "--check", is_flag=True, help="Change nothing; show what would change. Exit status 12 where something would."
)
@environment_option
def command(paths: tuple[Path, ...], check: bool, environment: str) -> Action:
    """Run the project's formatters on its files.

    They are those of `[formatters]` in `devenv.toml` and run in the environment. Files are those that git knows or does
    not ignore; with PATH, only those there.
    """
    from devenv.workflow.format import FormatRequest, format_project

    def action(tools: Tools) -> object:
        result = format_project(tools, FormatRequest(here(), paths, check, environment))
        return UnfitResult(result) if check and result.changes else result

    return action
