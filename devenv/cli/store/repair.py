"""`devenv store repair`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, UnfitResult, verb
from devenv.cli.parameters import OBJECT
from devenv.workflow.tools import Tools


@verb("repair", within="store", examples=["devenv store repair", "devenv store repair nodejs"])
@click.option("--all", "_everything", is_flag=True, help="Look at everything: the same as naming no object.")
@click.argument("paths", nargs=-1, type=OBJECT, metavar="[PATH]…")
def command(_everything: bool, paths: tuple[str, ...]) -> Action:
    """Make damaged objects again, from the locks of the projects that need them.

    Without PATH, whatever is damaged. Exit status 12 where something could not be made again.
    """
    if _everything and paths:
        raise click.UsageError("Give either --all or objects.")

    def action(tools: Tools) -> object:
        from devenv.workflow.repair import repair

        result = repair(tools, paths)
        return UnfitResult(result) if result.lost else result

    return action
