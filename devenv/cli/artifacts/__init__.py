"""`devenv artifacts`: verbs about the files that locks pin, imported when they are called."""

from __future__ import annotations

import click

from devenv.cli.lazy_group import LazyGroup

SECTIONS = {"Keep": ("mirror",)}

EXAMPLES = """\
  devenv artifacts mirror /srv/artifacts                        for all systems
  devenv artifacts mirror --system x86_64-linux /srv/artifacts  for one
"""


@click.group(
    "artifacts",
    cls=LazyGroup,
    package="devenv.cli.artifacts",
    sections=SECTIONS,
    examples=EXAMPLES,
    invoke_without_command=True,
)
@click.pass_context
def command(context: click.Context) -> None:
    """Look after the files that locks pin."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
