"""`devenv why`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import WHY, environment_option, system_option
from devenv.system import System
from devenv.workflow.tools import Tools

EXAMPLES = ["devenv why nodejs", "devenv why libc6", "devenv why psql", "devenv why ./result", "devenv why 3f1kz7"]


@verb("why", examples=EXAMPLES)
@click.argument("name", type=WHY)
@environment_option
@system_option
def command(name: str, environment: str, system: System | None) -> Action:
    """Show where something comes from, how big it is, and what keeps it.

    A package, a dependency, a file that the lock pins, a program, or an object of the store.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.closure.why import explain_name

        return explain_name(tools, here(), name, environment, system)

    return action
