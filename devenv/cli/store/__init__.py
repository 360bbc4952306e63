"""`devenv store`: verbs that look after the store, imported when they are called."""

from __future__ import annotations

import click

from devenv.cli.lazy_group import LazyGroup

SECTIONS = {
    "Look": ("du", "roots", "verify"),
    "Mend": ("repair", "rebuild"),
    "Move": ("export", "import", "relocate"),
    "Keep": ("link",),
}

EXAMPLES = """\
  devenv store du                                  what each project takes
  devenv store verify                              every object against its name
  devenv store export | ssh ci devenv store import carry an environment
"""


@click.group(
    "store",
    cls=LazyGroup,
    package="devenv.cli.store",
    sections=SECTIONS,
    examples=EXAMPLES,
    invoke_without_command=True,
)
@click.pass_context
def command(context: click.Context) -> None:
    """Look after the store: what lies in it, whether it is whole, how it travels."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
