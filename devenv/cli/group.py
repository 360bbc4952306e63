"""The `devenv` command: a group whose verbs are imported when they are called."""

from __future__ import annotations

import click

from devenv import __version__
from devenv.cli.lazy_group import LazyGroup

SECTIONS = {
    "Start": ("init", "add", "remove", "lock", "update"),
    "Use": ("shell", "run", "exec", "env", "fmt", "allow", "deny", "revoke", "reload", "watch", "hook", "completion"),
    "Build": ("build", "check", "ci", "log", "derivation", "why-rebuild"),
    "Look": ("status", "diff", "outdated", "search", "info", "why", "tree", "graph"),
    "Tidy": ("gc", "store", "cache", "artifacts", "set"),
}
HIDDEN = ("hook-changed", "merge-driver")
"""Verbs that only the shell hooks and git call."""

EXAMPLES = """\
  devenv init --template node api && cd api    a new project
  devenv add nodejs@24 ripgrep                 packages, locked and realized
  devenv run -- node --version                 one command in the environment
  devenv hook --install; devenv allow          from now on `cd` is enough
"""


@click.group(
    cls=LazyGroup,
    package="devenv.cli",
    sections=SECTIONS,
    hidden=HIDDEN,
    examples=EXAMPLES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="devenv", message="%(prog)s %(version)s")
@click.pass_context
def devenv_command(context: click.Context) -> None:
    """Exact toolchains for each project directory, from one manifest and one lock."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
