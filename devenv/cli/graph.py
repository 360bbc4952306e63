"""`devenv graph`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.system import ALL_SYSTEMS, System
from devenv.workflow.tools import Tools

EXAMPLES = ["devenv graph --html environment.html", "devenv graph --dot | dot -Tsvg > environment.svg"]
STDOUT = Path("-")


@verb("graph", examples=EXAMPLES)
@click.option("--dot", is_flag=True, help="Print it for Graphviz (the default).")
@click.option("--html", "page", type=PATH, metavar="FILE", help="Write a page to look into; `-` prints it.")
@click.option("-e", "--environment", default=DEFAULT_ENVIRONMENT, metavar="NAME", help="A named environment.")
@click.option("--system", type=click.Choice([str(each) for each in ALL_SYSTEMS]), help="Another system than this one.")
def command(dot: bool, page: Path | None, environment: str, system: str | None) -> Action:
    """Draw the environment: for Graphviz, or as a page for a browser."""
    if dot and page is not None:
        raise click.UsageError("'--dot' and '--html' are two drawings: take either.")

    def action(tools: Tools) -> object:
        from devenv.workflow.closure.read import read_closure

        closure = read_closure(tools, here(), environment, None if system is None else System(system))
        if page is None:
            return closure
        from devenv.ui.graph.page import format_page
        from devenv.workflow.closure.draw import find_contents, write_drawing

        content = format_page(closure, find_contents(tools, closure))
        return content if page == STDOUT else write_drawing(content, here() / page)

    return action
