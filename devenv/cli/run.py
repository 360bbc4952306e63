"""`devenv run`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import environment_option
from devenv.workflow.tools import Tools


@verb(
    "run",
    uses_lock=True,
    json=False,
    examples=["devenv run -- node --version", "devenv run -e ci -- npm test", "devenv run -- sh -c 'echo $PATH'"],
    # What stands behind the command's name is the command's, whatever it looks like.
    context_settings={"allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND [ARGUMENT]…")
@environment_option
def command(arguments: tuple[str, ...], environment: str) -> Action:
    """Run one command in the environment.

    Its exit status and the signals it gets are its own.
    """
    return become_command(here, arguments, environment)


def become_command(find_start: Callable[[], Path], arguments: tuple[str, ...], environment: str) -> Action:
    """Become the command, in an environment of the project that the directory lies in."""

    def action(tools: Tools) -> None:
        from devenv.activation.environ import apply_activation
        from devenv.activation.state import leave_inherited
        from devenv.cli.replace import replace_process
        from devenv.workflow.enter import enter_project

        entered = enter_project(tools, find_start(), environment)
        environ = apply_activation(entered.activation, leave_inherited(tools.settings, os.environ))
        tools.close()
        replace_process(arguments[0], arguments, environ)

    return action
