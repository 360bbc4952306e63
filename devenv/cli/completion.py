"""`devenv completion`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb


@verb("completion", json=False, examples=['eval "$(devenv completion bash)"', "devenv completion fish | source"])
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> Action:
    """Print what a shell evaluates to complete `devenv` commands."""
    from click.shell_completion import get_completion_class

    from devenv.cli.entry import COMPLETION_VARIABLE
    from devenv.cli.group import devenv_command

    kind = get_completion_class(shell)
    assert kind is not None, "click completes in every shell that the argument lets through"
    script = kind(devenv_command, {}, "devenv", COMPLETION_VARIABLE).source()
    return lambda _tools: f"{script}\n".encode()
