"""What all verbs have in common: options, examples in the help, printing of results and errors, exit codes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from devenv.errors import DevenvError
from devenv.workflow.tools import Tools


class Verb(click.Command):
    """A command whose help begins with examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples first."""
        formatter.write("Examples:\n")
        for example in self._examples:
            formatter.write(f"  {example}\n")
        formatter.write("\n")
        super().format_help(ctx, formatter)


@dataclass(frozen=True, slots=True)
class Output:
    """How a verb reports: as JSON or as text, and how much on the way."""

    json: bool
    verbosity: int


Action = Callable[[Tools], object]
"""What a verb does with its tools; its result is printed, None prints nothing."""


def verb(name: str, *, examples: Sequence[str], json: bool = True, **attributes: Any) -> Callable[..., click.Command]:
    """Make a verb of a function that takes the verb's own arguments and returns an `Action`.

    `json` says whether it has `--json`; `attributes` are those of a click command.
    """

    def decorate(function: Callable[..., Action]) -> click.Command:
        @functools.wraps(function)
        def run(*, quiet: bool, verbose: bool, as_json: bool = False, **arguments: Any) -> None:
            perform(name, function(**arguments), Output(as_json, int(verbose) - int(quiet)))

        options = [
            click.option("-q", "--quiet", is_flag=True, help="Print errors and the result only."),
            click.option("-v", "--verbose", is_flag=True, help="Print more of what is going on."),
        ]
        if json:
            options.append(click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."))
        for option in options:
            run = option(run)
        return click.command(name, cls=Verb, examples=examples, **attributes)(run)

    return decorate


def perform(name: str, action: Action, output: Output) -> None:
    """Run the action and print its result. Exits with the error's code where it fails."""
    from devenv.ui.progress import ProgressReport

    try:
        from devenv.settings import read_settings

        settings = read_settings()
        with (
            ProgressReport(sys.stderr, os.environ, output.verbosity) as report,
            Tools(settings, os.environ, report) as tools,
        ):
            result = action(tools)
    except DevenvError as error:
        print_failure(name, error, as_json=output.json)
        sys.exit(error.exit_code)
    if result is not None:
        _print_result(name, result, output)


def print_failure(name: str, error: DevenvError, *, as_json: bool) -> None:
    """Print an error: as JSON to programs (on stdout, where they read), as text to people (on stderr)."""
    if as_json:
        from devenv.ui.envelope import format_failure

        click.echo(format_failure(name, error))
    else:
        from devenv.ui.failure import write_failure
        from devenv.ui.terminal import Painter

        write_failure(error, Painter(sys.stderr, os.environ))


def _print_result(name: str, result: object, output: Output) -> None:
    if output.json:
        from devenv.ui.envelope import format_result

        click.echo(format_result(name, result))
        return
    from devenv.ui.terminal import Painter
    from devenv.ui.text import iter_lines

    painter = Painter(sys.stdout, os.environ)
    for line in iter_lines(result, painter):
        painter.write_line(line)


def here() -> Path:
    """The working directory, as the kernel knows it. Raises UsageError where it is gone."""
    try:
        return Path.cwd()
    except OSError as error:
        from devenv.errors import UsageError

        raise UsageError(
            "the working directory is gone", hint="change to another one with `cd`", slug="directory-missing"
        ) from error
