"""`devenv log`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb
from devenv.cli.parameters import LOGGED
from devenv.workflow.tools import Tools


@verb("log", json=False, examples=["devenv log app", "devenv log curl", "devenv log 3f1c79e2"])
@click.argument("build", type=LOGGED, metavar="BUILD")
def command(build: str) -> Action:
    """Print what the last build of a package wrote.

    BUILD is the name of a build, package or check, with or without the version, or the first digits of a key.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.build_records import read_log

        return read_log(tools, build)

    return action
