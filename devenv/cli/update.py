"""`devenv update`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, older_option, verb
from devenv.cli.parameters import MOVABLE, before_option
from devenv.workflow.tools import Tools

EXAMPLES = ["devenv update", "devenv update --dry-run", "devenv update nodejs ripgrep", "devenv update debian"]


@verb("update", network=True, examples=EXAMPLES)
@click.argument("names", type=MOVABLE, nargs=-1, metavar="[INPUT|PACKAGE]…")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--markdown", is_flag=True, help="Print the review as Markdown, for a pull request.")
@older_option
@before_option
def command(names: tuple[str, ...], dry_run: bool, markdown: bool, allow_older: bool, before: int | None) -> Action:
    """Take the newest that the manifest lets answer, and show what changes.

    Only the packages that are named move, and those of the inputs that are named; without names everything.
    """
    from devenv.workflow.update import update_project

    def action(tools: Tools) -> object:
        tools.refresh = not tools.settings.offline
        tools.allow_older = allow_older
        tools.before = before
        result = update_project(tools, here(), names, dry_run=dry_run)
        if not markdown:
            return result
        from devenv.ui.review_markdown import format_update

        return format_update(result)

    return action
