"""`devenv hook`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb


@verb("hook", json=False, examples=['eval "$(devenv hook bash)"    # in ~/.bashrc'])
@click.argument("shell")
def command(shell: str) -> Action:
    """Print what a shell evaluates so that `cd` switches environments."""
    from devenv.activation.hook import format_hook
    from devenv.cli.program import program_path

    return lambda tools: format_hook(shell, tools.settings, program_path())
