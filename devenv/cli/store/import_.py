"""`devenv store import`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from devenv.cli.command import Action, verb
from devenv.cli.parameters import PATH
from devenv.workflow.tools import Tools


@verb("import", within="store", examples=["devenv store import environment.devenv", "devenv store import < archive"])
@click.argument("file", required=False, type=PATH)
def command(file: Path | None) -> Action:
    """Add the objects of an archive, verified while it is read; without FILE, from stdin."""

    def action(tools: Tools) -> object:
        from devenv.workflow.store import import_objects

        if file is None or str(file) == "-":
            return import_objects(tools, sys.stdin.buffer)
        with file.open("rb") as source:
            return import_objects(tools, source)

    return action
