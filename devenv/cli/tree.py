"""`devenv tree`."""

from __future__ import annotations

from dataclasses import replace

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import MANIFEST_PACKAGE, environment_option, system_option
from devenv.system import System
from devenv.workflow.tools import Tools


@verb("tree", examples=["devenv tree", "devenv tree nodejs --files", "devenv tree --system aarch64-darwin"])
@click.argument("packages", nargs=-1, type=MANIFEST_PACKAGE)
@click.option("--depth", type=click.IntRange(1), metavar="N", help="Show so many levels only.")
@click.option("--files", is_flag=True, help="Show the files that the lock pins as well.")
@environment_option
@system_option
def command(
    packages: tuple[str, ...], depth: int | None, files: bool, environment: str, system: System | None
) -> Action:
    """Show what the environment consists of, and how big it is."""

    def action(tools: Tools) -> object:
        from devenv.workflow.closure.tree import show_tree

        result = show_tree(tools, here(), packages, environment, system)
        return replace(result, depth=depth, files=files)

    return action
