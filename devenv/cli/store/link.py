"""`devenv store link`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, verb
from devenv.cli.parameters import OBJECT, PATH
from devenv.workflow.tools import Tools


@verb(
    "link",
    within="store",
    examples=[
        "devenv store link nodejs",
        "devenv store link nodejs ./node",
        "devenv store link nodejs --profile tools",
    ],
)
@click.option("--profile", metavar="NAME", help="Make a profile of yours the link, instead of a place.")
@click.argument("path", type=OBJECT)
@click.argument("place", required=False, type=PATH)
def command(profile: str | None, path: str, place: Path | None) -> Action:
    """Keep an object by a link to it (default: `result`): it stays as long as the link does."""
    if profile is not None and place is not None:
        raise click.UsageError("Give either a profile or a place.")

    def action(tools: Tools) -> object:
        from devenv.workflow.store import link, link_profile

        if profile is not None:
            return link_profile(tools, path, profile)
        return link(tools, path, place or Path("result"))

    return action
