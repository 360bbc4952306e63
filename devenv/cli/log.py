"""`devenv log`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb
from devenv.workflow.tools import Tools


@verb("log", json=False, examples=["devenv log app", "devenv log curl", "devenv log 3f1kz79c"])
@click.argument("build", metavar="BUILD")
def command(build: str) -> Action:
    """Print what the last build of a package wrote, by its name or the first digits of its key."""

    def action(tools: Tools) -> object:
        from devenv.workflow.build_records import read_log

        return read_log(tools, build)

    return action
