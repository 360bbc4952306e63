"""`devenv watch`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH
from devenv.workflow.tools import Tools


@verb("watch", json=False, examples=["devenv watch", "devenv watch --poll    # on a network disk"])
@click.argument("directory", required=False, type=PATH)
@click.option("--poll", is_flag=True, help="Look once a second, where the system does not tell of changes.")
def command(directory: Path | None, *, poll: bool) -> Action:
    """Keep the environment fresh while you edit the project's files, until Ctrl-C."""
    from devenv.workflow.watch import watch_project

    def action(tools: Tools) -> None:
        watch_project(tools, here() / (directory or "."), poll=poll)

    return action
