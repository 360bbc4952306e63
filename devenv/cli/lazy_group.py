"""A group of verbs, each in a module of its own that is imported when it is called."""

from __future__ import annotations

import importlib
import keyword
from collections.abc import Mapping, Sequence
from typing import Any

import click


class LazyGroup(click.Group):
    """Imports `<package>.<verb>` for the verb that is called; that module defines `command`.

    `sections` are the verbs by what one wants to do, `hidden` those that people do not call, `examples` what the help
    begins with.
    """

    def __init__(
        self,
        *args: Any,
        package: str,
        sections: Mapping[str, Sequence[str]],
        examples: str,
        hidden: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._package = package
        self._sections = sections
        self._hidden = hidden
        self._examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs that people call."""
        del ctx
        return [name for names in self._sections.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb `cmd_name`."""
        if cmd_name not in (*self.list_commands(ctx), *self._hidden):
            return None
        name = cmd_name.replace("-", "_") + ("_" if keyword.iskeyword(cmd_name) else "")
        module = importlib.import_module(f"{self._package}.{name}")
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
        formatter.write(f"Examples:\n{self._examples}\n")
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        for title, names in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, self._summary(ctx, name)) for name in names])
        self.format_options(ctx, formatter)
        formatter.write(f"\nHelp on a verb: {ctx.command_path} VERB --help\n")

    def _summary(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return "" if command is None else command.get_short_help_str(65)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The group's own options, without a second list of verbs."""
        click.Command.format_options(self, ctx, formatter)


def make_group(name: str, help_text: str, sections: Mapping[str, Sequence[str]], examples: str) -> LazyGroup:
    """The group `devenv <name>`, whose verbs lie in `devenv.cli.<name>`; called without a verb it shows its help."""

    @click.pass_context
    def show_help(context: click.Context) -> None:
        if context.invoked_subcommand is None:
            click.echo(context.get_help())

    return LazyGroup(
        name,
        callback=show_help,
        help=help_text,
        package=f"devenv.cli.{name}",
        sections=sections,
        examples=examples,
        invoke_without_command=True,
    )
