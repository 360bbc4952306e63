"""`devenv exec`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from devenv.cli.command import Action, verb
from devenv.cli.parameters import PATH, environment_option
from devenv.cli.run import become_command
from devenv.errors import UsageError


@verb(
    "exec",
    uses_lock=True,
    json=False,
    examples=["devenv exec ~/code/api node --version", "devenv exec /srv/site -- ./serve --port 8000"],
    # As in `devenv run`.
    context_settings={"allow_interspersed_args": False},
)
@click.argument("directory", type=PATH)
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND [ARGUMENT]…")
@environment_option
@click.pass_context
def command(context: click.Context, directory: Path, arguments: tuple[str, ...], environment: str) -> Action:
    """Run one command in the environment of another directory's project.

    The working directory stays: for editors, timers and services.
    """
    separated = arguments[1:] if arguments[0] == "--" else arguments
    if not separated:
        raise click.UsageError("Missing the command.", context)
    return become_command(lambda: require_directory(directory), separated, environment)


def require_directory(directory: Path) -> Path:
    """The directory by its path without symbolic links, by which projects are known. Raises UsageError."""
    path = Path(os.path.realpath(directory))
    if not path.is_dir():
        raise UsageError(
            f"`{directory}` is no directory",
            hint="name a directory of the project first, then the command",
            slug="directory-missing",
        )
    return path
