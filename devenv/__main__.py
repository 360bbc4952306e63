"""The entry point of the command `devenv` and of `python -m devenv`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; never shows a traceback (it goes to a file that the message names)."""
    import click

    from devenv.cli import devenv_command
    from devenv.cli.command import print_failure
    from devenv.cli.crash import crash_error, os_error
    from devenv.errors import DevenvError

    try:
        status = devenv_command.main(prog_name="devenv", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone: nobody is left to tell (FAULTS O-09).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except DevenvError as error:
        failure = error
    except OSError as error:
        failure = os_error(error)
    except Exception as error:  # noqa: BLE001 - the last resort: told in one sentence, with the traceback in a file
        failure = crash_error(error)
    print_failure("devenv", failure, as_json="--json" in sys.argv)
    sys.exit(failure.exit_code)


if __name__ == "__main__":
    main()
