"""From arguments to an exit status: the frame around all verbs.

`devenv.cli.command` deals with everything that happens inside a verb; what is left for here is what comes before a verb
is reached (wrong arguments, help, shell completion) and what no layer expected.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

import click

from devenv.cli.command import discard_output, print_failure
from devenv.cli.crash import crash_error, output_error
from devenv.cli.ending import Ending, orderly_ending
from devenv.cli.group import devenv_command
from devenv.errors import DevenvError, UsageError

COMPLETION_VARIABLE = "_DEVENV_COMPLETE"
"""What shells set when they ask for completions."""


def run_command_line(arguments: Sequence[str]) -> int:
    """Run `devenv` with these arguments; returns the exit status, unless the verb becomes another program."""
    open_standard_streams()
    try:
        with orderly_ending() as ending:
            return _run(arguments, ending)
    finally:
        try:
            sys.stderr.flush()
        except OSError:
            # Nobody reads what we say; what we did counts all the same.
            discard_output(2)


def _run(arguments: Sequence[str], ending: Ending) -> int:
    verb, as_json = "devenv", False
    if COMPLETION_VARIABLE in os.environ:
        import devenv.cli.bash_completion  # noqa: F401 - for its effect
    try:
        status = devenv_command.main(list(arguments), prog_name="devenv", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.Abort:
        return ending.status
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        failure: DevenvError = usage_error(error, context)
        if context is not None:
            verb = context.command_path.partition(" ")[2] or verb
            as_json = wants_json(context, arguments)
    except OSError as error:
        if ending.asked:
            # The terminal that click says goodbye to is gone.
            return ending.status
        # Verbs deal with their own: this one came from writing help or a completion script.
        discard_output()
        failure = output_error(error)
    except Exception as error:  # noqa: BLE001 - the last resort: told in one sentence, with the traceback in a file
        failure = crash_error(error)
    print_failure(verb, failure, as_json=as_json)
    return failure.exit_code


def open_standard_streams() -> None:
    """Open what the caller closed, so that no file of ours gets the number of a standard stream (FAULTS O-09).

    Input and output are opened the wrong way round, as gnulib's `stdopen` does: whoever uses them gets an error, which
    is how lost output is noticed. Programs that we become do not inherit them: they find closed what was closed.
    """
    for number, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDWR)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags | os.O_CLOEXEC)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - a standard stream stays open
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def usage_error(error: click.ClickException, context: click.Context | None) -> UsageError:
    """What click says about arguments, in the form that all errors have."""
    message = re.sub(r"'([^']*)'", r"`\1`", error.format_message().strip().rstrip("."))
    path = context.command_path if context is not None else "devenv"
    return UsageError(message[:1].lower() + message[1:], hint=f"run `{path} --help` for examples and options")


def wants_json(context: click.Context, arguments: Sequence[str]) -> bool:
    """Whether the answer to wrong arguments is for a program: the verb (or no verb yet) would have taken `--json`."""
    options = {name for parameter in context.command.params for name in parameter.opts}
    return "--json" in arguments and (isinstance(context.command, click.Group) or "--json" in options)
