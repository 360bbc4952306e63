"""`devenv why-rebuild`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb
from devenv.workflow.tools import Tools


@verb("why-rebuild", examples=["devenv why-rebuild 3f1c79e2 81d0c2aa", "devenv why-rebuild curl-8.14.1 curl-8.15.0"])
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
def command(before: str, after: str) -> Action:
    """Show which input made two builds differ.

    A and B are names, with or without the version, or the first digits of keys, as `devenv derivation show` prints
    them.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.build_records import explain_rebuild

        return explain_rebuild(tools, before, after)

    return action
