"""`devenv why`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import WHY
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.system import ALL_SYSTEMS, System
from devenv.workflow.tools import Tools

EXAMPLES = ["devenv why nodejs", "devenv why libc6", "devenv why psql", "devenv why ./result", "devenv why 3f1kz7"]


@verb("why", examples=EXAMPLES)
@click.argument("name", type=WHY)
@click.option("-e", "--environment", default=DEFAULT_ENVIRONMENT, metavar="NAME", help="A named environment.")
@click.option("--system", type=click.Choice([str(each) for each in ALL_SYSTEMS]), help="Another system than this one.")
def command(name: str, environment: str, system: str | None) -> Action:
    """Show where something comes from, how big it is, and what keeps it.

    A package, a dependency, a file that the lock pins, a program, or an object of the store.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.closure.why import explain_name

        return explain_name(tools, here(), name, environment, None if system is None else System(system))

    return action
