"""`devenv set`: verbs about package sets, imported when they are called."""

from __future__ import annotations

import click

from devenv.cli.lazy_group import LazyGroup

SECTIONS = {"Try": ("test",)}

EXAMPLES = """\
  devenv set test                      every package of the set
  devenv set test nodejs postgresql@15 these
"""


@click.group(
    "set",
    cls=LazyGroup,
    package="devenv.cli.set",
    sections=SECTIONS,
    examples=EXAMPLES,
    invoke_without_command=True,
)
@click.pass_context
def command(context: click.Context) -> None:
    """Look after package sets."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
