"""`devenv store verify`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, UnfitResult, verb
from devenv.cli.parameters import OBJECT
from devenv.workflow.tools import Tools


@verb(
    "verify",
    within="store",
    examples=["devenv store verify", "devenv store verify nodejs ./result"],
)
@click.option("--all", "_everything", is_flag=True, help="Verify everything: the same as naming no object.")
@click.argument("paths", nargs=-1, type=OBJECT, metavar="[PATH]…")
def command(_everything: bool, paths: tuple[str, ...]) -> Action:
    """Compare objects with their names, by the content alone.

    Without PATH, all objects, and the database with what lies on the disk. Exit status 12 where something is wrong.
    """
    if _everything and paths:
        raise click.UsageError("Give either --all or objects.")

    def action(tools: Tools) -> object:
        from devenv.workflow.store import verify

        result = verify(tools, paths)
        return UnfitResult(result) if result.findings else result

    return action
