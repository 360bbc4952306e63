"""`devenv run`."""

from __future__ import annotations

import os

import click

from devenv.cli.command import Action, here, verb
from devenv.workflow.tools import Tools


@verb(
    "run",
    json=False,
    examples=["devenv run -- node --version", "devenv run -- sh -c 'echo $PATH'"],
    # What stands behind the command's name is the command's, whatever it looks like.
    context_settings={"allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND [ARGUMENT]…")
def command(arguments: tuple[str, ...]) -> Action:
    """Run one command in the environment.

    Its exit status and the signals it gets are its own.
    """
    from devenv.cli.replace import replace_process

    def action(tools: Tools) -> None:
        from devenv.activation.environ import apply_activation
        from devenv.activation.state import leave_inherited
        from devenv.workflow.enter import enter_project

        entered = enter_project(tools, here())
        environ = apply_activation(entered.activation, leave_inherited(tools.settings, os.environ))
        tools.close()
        replace_process(arguments[0], arguments, environ)

    return action
