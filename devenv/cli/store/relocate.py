"""`devenv store relocate`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, verb
from devenv.cli.parameters import PATH
from devenv.workflow.tools import Tools


@verb(
    "relocate",
    within="store",
    examples=["devenv store relocate /mnt/old/devenv/store/____…/<digest>-<name>"],
)
@click.argument("places", nargs=-1, required=True, type=PATH, metavar="PATH…")
def command(places: tuple[Path, ...]) -> Action:
    """Take objects, with all they refer to, over from a store of another root."""

    def action(tools: Tools) -> object:
        from devenv.workflow.store import relocate_objects

        return relocate_objects(tools, places)

    return action
