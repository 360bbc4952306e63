"""The `devenv` command: a group whose verbs are imported when they are called."""

from __future__ import annotations

import importlib

import click

from devenv import __version__

SECTIONS = {
    "Start": ("init", "add", "remove", "lock"),
    "Use": ("shell", "run", "allow", "deny", "hook", "completion"),
    "Look": ("status", "search", "info"),
}
HIDDEN = ("hook-changed",)
"""Verbs that only the shell hooks call."""

EXAMPLES = """\
  devenv init --template node api && cd api    a new project
  devenv add nodejs@24 ripgrep                 packages, locked and realized
  devenv run -- node --version                 one command in the environment
  eval "$(devenv hook bash)"; devenv allow     from now on `cd` is enough
"""


class LazyGroup(click.Group):
    """Imports `devenv.cli.<verb>` for the verb that is called; that module defines `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs that people call."""
        del ctx
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb `cmd_name`."""
        if cmd_name not in (*self.list_commands(ctx), *HIDDEN):
            return None
        module = importlib.import_module(f"devenv.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, with a suggestion where there is no such verb."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near:
                raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from error
            raise

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples first, then the verbs by what one wants to do."""
        formatter.write("Exact toolchains for each project directory, from one manifest and one lock.\n\n")
        formatter.write(f"Examples:\n{EXAMPLES}\n")
        self.format_usage(ctx, formatter)
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self._summary(ctx, name)) for name in names])
        self.format_options(ctx, formatter)
        formatter.write("\nHelp on a verb: devenv VERB --help\n")

    def _summary(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return "" if command is None else command.get_short_help_str(65)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The group's own options, without a second list of verbs."""
        click.Command.format_options(self, ctx, formatter)


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="devenv", message="%(prog)s %(version)s")
@click.pass_context
def devenv_command(context: click.Context) -> None:
    """Exact toolchains for each project directory, from one manifest and one lock."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
