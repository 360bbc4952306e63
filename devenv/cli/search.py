"""`devenv search`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb


@verb("search", examples=["devenv search javascript", "devenv search"])
@click.argument("words", nargs=-1, metavar="[WORD]…")
def command(words: tuple[str, ...]) -> Action:
    """Find packages by their name, programs or summary; all of them without words."""
    from devenv.workflow.inspect import search

    return lambda tools: search(tools, words)
