"""`devenv search`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb


@verb(
    "search", network=True, examples=["devenv search javascript", "devenv search --all json processor", "devenv search"]
)
@click.argument("words", nargs=-1, metavar="[WORD]…")
@click.option("--all", "everything", is_flag=True, help="Show all Debian packages that are found, not the best 20.")
def command(words: tuple[str, ...], everything: bool) -> Action:
    """Find packages by name, program or summary.

    Without words it lists those of devenv's own set. `debian:NAME` is a package of Debian, with its version in each
    suite that is known here.
    """
    from devenv.workflow.search import search

    return lambda tools: search(tools, here(), words, everything=everything)
