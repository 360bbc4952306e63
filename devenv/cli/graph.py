"""`devenv graph`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH, environment_option, system_option
from devenv.system import System
from devenv.workflow.tools import Tools

EXAMPLES = ["devenv graph --html environment.html", "devenv graph --dot | dot -Tsvg > environment.svg"]
STDOUT = Path("-")


@verb("graph", examples=EXAMPLES)
@click.option("--dot", is_flag=True, help="Print it for Graphviz (the default).")
@click.option("--html", "page", type=PATH, metavar="FILE", help="Write a page to look into; `-` prints it.")
@environment_option
@system_option
def command(dot: bool, page: Path | None, environment: str, system: System | None) -> Action:
    """Draw the environment: for Graphviz, or as a page for a browser."""
    if dot and page is not None:
        raise click.UsageError("'--dot' and '--html' are two drawings: take either.")

    def action(tools: Tools) -> object:
        from devenv.workflow.closure.read import read_closure

        closure = read_closure(tools, here(), environment, system)
        if page is None:
            return closure
        from devenv.ui.graph.page import format_page
        from devenv.workflow.closure.draw import find_contents, write_drawing

        content = format_page(closure, find_contents(tools, closure))
        return content if page == STDOUT else write_drawing(content, here() / page)

    return action
