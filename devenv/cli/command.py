"""What all verbs have in common: options, examples in the help, printing of results and errors, exit codes."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from devenv.errors import DevenvError, StoreError, UsageError
from devenv.workflow.lock_mode import LockMode
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


refresh_option = click.option("--refresh", is_flag=True, help="Ask the index again, even if its pages are minutes old.")
older_option = click.option(
    "--allow-older", is_flag=True, help="Take a suite of Debian in an older state than the lock's."
)

Action = Callable[[Tools], object]
"""What a verb does with its tools; its result is printed: bytes as they are, None not at all."""


@dataclass(frozen=True, slots=True)
class UnfitResult:
    """A result that is printed like any other, while the exit status says that something is wrong."""

    result: object
    status: int = StoreError.exit_code


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions a verb does its work: what is common to all that use a project's lock."""

    offline: bool = False
    locked: bool = False
    frozen: bool = False

    @property
    def mode(self) -> LockMode:
        """How the lock is held against the manifest. Raises UsageError where both are asked for."""
        if self.locked and self.frozen:
            raise UsageError("`--locked` and `--frozen` contradict each other", hint="take either", slug="usage")
        return LockMode.FROZEN if self.frozen else LockMode.LOCKED


OFFLINE_OPTION = click.Option(["--offline"], is_flag=True, help="Ask no server anything; say what is missing.")
LOCK_OPTIONS = (
    click.Option(["--locked"], is_flag=True, help="Fail if the lock does not answer the manifest (the default)."),
    click.Option(["--frozen"], is_flag=True, help="Use the lock as it is, whatever packages the manifest asks for."),
)


def verb(
    name: str,
    *,
    examples: Sequence[str],
    json: bool = True,
    within: str = "",
    network: bool = False,
    uses_lock: bool = False,
    **attributes: Any,
) -> Callable[..., click.Command]:
    """Make a verb of a function that takes the verb's own arguments and returns an `Action`.

    `json` says whether it has `--json`; `within` is the group that it belongs to; `attributes` are those of a click
    command. Where it may ask servers (`network`) it has `--offline`; where it realizes what a project's lock says
    (`uses_lock`) it has `--locked` and `--frozen` as well.
    """
    full_name = f"{within} {name}".lstrip()

    def decorate(function: Callable[..., Action]) -> click.Command:
        @functools.wraps(function)
        def run(*, quiet: bool, verbose: bool, as_json: bool = False, **arguments: Any) -> None:
            given = {option: arguments.pop(option) for option in ("offline", "locked", "frozen") if option in arguments}
            output = Output(as_json, int(verbose) - int(quiet))
            perform(full_name, function(**arguments), output, Conditions(**given))

        command = click.command(name, cls=Verb, examples=examples, **attributes)(run)
        command.params += [OFFLINE_OPTION] if network or uses_lock else []
        command.params += LOCK_OPTIONS if uses_lock else []
        if json:
            command.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print the result as JSON."))
        command.params += (
            click.Option(["-q", "--quiet"], is_flag=True, help="Print errors and the result only."),
            click.Option(["-v", "--verbose"], is_flag=True, help="Print more of what is going on."),
        )
        return command

    return decorate


def perform(name: str, action: Action, output: Output, conditions: Conditions = Conditions()) -> None:
    """Run the action and print its result. Exits with the error's code where it fails."""
    from devenv.cli.crash import crash_error, os_error

    try:
        result = _run(action, output, conditions)
        status = result.status if isinstance(result, UnfitResult) else 0
        result = result.result if isinstance(result, UnfitResult) else result
        if result is not None:
            _print_result(name, result, output)
        if status:
            sys.exit(status)
    except DevenvError as error:
        failure = error
    except OSError as error:
        failure = os_error(error)
    except Exception as error:  # noqa: BLE001 - the last resort: told in one sentence, with the traceback in a file
        failure = crash_error(error)
    else:
        return
    print_failure(name, failure, as_json=output.json)
    sys.exit(failure.exit_code)


def _run(action: Action, output: Output, conditions: Conditions) -> object:
    from devenv.settings import read_settings
    from devenv.ui.progress import ProgressReport

    mode, settings = conditions.mode, read_settings()
    settings = replace(settings, offline=settings.offline or conditions.offline)
    with (
        ProgressReport(sys.stderr, os.environ, output.verbosity) as report,
        Tools(settings, os.environ, report) as tools,
    ):
        tools.mode = mode
        return action(tools)


def print_failure(name: str, error: DevenvError, *, as_json: bool) -> None:
    """Print an error: as JSON to programs (on stdout, where they read), as text to people (on stderr)."""
    # The exit status tells it too where nobody reads.
    with contextlib.suppress(OSError, UsageError):
        if as_json:
            from devenv.ui.envelope import format_failure

            _write_output(format_failure(name, error))
        else:
            from devenv.ui.failure import write_failure
            from devenv.ui.terminal import Painter

            write_failure(error, Painter(sys.stderr, os.environ))


def _print_result(name: str, result: object, output: Output) -> None:
    if isinstance(result, bytes):
        _write_output(result)
    elif output.json:
        from devenv.ui.envelope import format_result

        _write_output(format_result(name, result))
    else:
        from devenv.ui.lines import iter_lines
        from devenv.ui.terminal import Painter

        painter = Painter(sys.stdout, os.environ)
        _write_output(b"".join(painter.encode_line(line) for line in iter_lines(result, painter)))


def _write_output(content: bytes) -> None:
    """Write to stdout, all of it. Raises UsageError (`output-lost`); exits where whoever read has gone (O-09)."""
    from devenv.cli.crash import output_error

    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        discard_output()
        sys.exit(1)
    except OSError as error:
        discard_output()
        raise output_error(error) from error


def discard_output(stream: int = 1) -> None:
    """Let what stdout (or stderr: 2) still holds go nowhere, so that the interpreter does not fail on it at its end."""
    descriptor = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(descriptor, stream, inheritable=False)
    os.close(descriptor)


def here() -> Path:
    """The working directory, as the kernel knows it. Raises UsageError where it is gone."""
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(
            "the working directory is gone", hint="change to another one with `cd`", slug="directory-missing"
        ) from error
