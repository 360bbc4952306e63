"""`devenv store export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import OBJECT, PATH
from devenv.errors import UsageError
from devenv.workflow.tools import Tools


@verb(
    "export",
    within="store",
    examples=["devenv store export --to environment.devenv", "devenv store export nodejs | ssh ci devenv store import"],
)
@click.option("-o", "--output", "--to", "output", type=PATH, help="Write to this file instead of stdout.")
@click.argument("paths", nargs=-1, type=OBJECT, metavar="[PATH]…")
def command(output: Path | None, paths: tuple[str, ...]) -> Action:
    """Write objects, with all they refer to, into one archive.

    Without PATH, the environment of the project here.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.store import export, export_file

        if output is not None:
            return export_file(tools, paths, here(), output)
        if sys.stdout.isatty():
            raise UsageError(
                "an archive is not written to a terminal",
                hint="name a file with `--output`, or pipe it into `devenv store import`",
                slug="output-terminal",
            )
        export(tools, paths, here(), sys.stdout.buffer)
        return None

    return action
