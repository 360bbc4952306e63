"""`devenv tree`."""

from __future__ import annotations

from dataclasses import replace

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import MANIFEST_PACKAGE
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.system import ALL_SYSTEMS, System
from devenv.workflow.tools import Tools


@verb("tree", examples=["devenv tree", "devenv tree nodejs --files", "devenv tree --system aarch64-darwin"])
@click.argument("packages", nargs=-1, type=MANIFEST_PACKAGE)
@click.option("--depth", type=click.IntRange(1), metavar="N", help="Show so many levels only.")
@click.option("--files", is_flag=True, help="Show the files that the lock pins as well.")
@click.option("-e", "--environment", default=DEFAULT_ENVIRONMENT, metavar="NAME", help="A named environment.")
@click.option("--system", type=click.Choice([str(each) for each in ALL_SYSTEMS]), help="Another system than this one.")
def command(packages: tuple[str, ...], depth: int | None, files: bool, environment: str, system: str | None) -> Action:
    """Show what the environment consists of, and how big it is."""

    def action(tools: Tools) -> object:
        from devenv.workflow.closure.tree import show_tree

        chosen = None if system is None else System(system)
        result = show_tree(tools, here(), packages, environment, chosen)
        return replace(result, depth=depth, files=files)

    return action
