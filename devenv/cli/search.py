"""`devenv search`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb


@verb("search", examples=["devenv search javascript", "devenv search"])
@click.argument("words", nargs=-1, metavar="[WORD]…")
def command(words: tuple[str, ...]) -> Action:
    """Find packages by name, program or summary.

    Without words it lists all of them.
    """
    from devenv.workflow.inspect import search

    return lambda tools: search(tools, words)
