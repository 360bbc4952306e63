"""`devenv diff`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb
from devenv.workflow.tools import Tools

EXAMPLES = [
    "devenv diff",
    "devenv diff main...HEAD --markdown",
    "devenv diff v1.0 v1.1",
    "devenv diff ./old.lock ./new.lock",
]


@verb("diff", examples=EXAMPLES)
@click.argument("revisions", nargs=-1, metavar="[REVISION|FILE] [REVISION|FILE]")
@click.option("--markdown", is_flag=True, help="Print Markdown, for a pull request.")
def command(revisions: tuple[str, ...], markdown: bool) -> Action:
    """Show what tells two locks apart.

    Without the second it is the project's lock as it is now, without any the last commit's and that.
    """
    from devenv.workflow.diff import diff_locks

    if len(revisions) > 2:
        raise click.UsageError("There are two locks to compare at most.")

    def action(tools: Tools) -> object:
        result = diff_locks(tools, here(), revisions)
        if not markdown:
            return result
        from devenv.ui.review_markdown import format_markdown

        return format_markdown(result)

    return action
