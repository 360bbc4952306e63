"""Becomes another program."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from devenv.errors import ActivationError

SHELL = "/bin/sh"
BEGINNING = 512
"""Bytes of a file in which a NUL tells that it is no script."""


class CommandNotFoundError(ActivationError):
    """As in a shell: the status that scripts know."""

    exit_code = 127
    slug = "command-not-found"


class CommandNotExecutableError(ActivationError):
    """As in a shell: the status that scripts know."""

    exit_code = 126
    slug = "command-not-executable"


def replace_process(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by `program`, looked up in the `PATH` of `environ`.

    Signals that Python ignores get their defaults back: a program started with `SIGPIPE` ignored would not stop when
    its reader goes away. Raises ActivationError with status 127 or 126, as a shell does.
    """
    path = environ.get("PATH", os.defpath)
    found = shutil.which(program, path=path)
    if found is None:
        directory = program if "/" in program and os.path.isdir(program) else None
        present = shutil.which(program, os.F_OK, path) or directory
        if present is not None:
            raise CommandNotExecutableError(f"`{present}` cannot be executed", hint="check its permissions")
        raise CommandNotFoundError(
            f"there is no command `{program}` in the environment",
            hint=f"look for a package that has it with `devenv search {program}`",
        )
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        try:
            os.execve(found, list(arguments), dict(environ))  # noqa: S606 - becoming that program is the whole purpose
        except OSError as error:
            if error.errno != errno.ENOEXEC or _is_binary(found):
                raise
            # A script without a first line that says what runs it: as in shells, it is theirs (`execvp` in POSIX).
            os.execve(SHELL, [SHELL, found, *arguments[1:]], dict(environ))  # noqa: S606
    except OSError as error:
        raise CommandNotExecutableError(
            f"`{found}` cannot be executed: {error.strerror}", hint="check its permissions and its first line"
        ) from error


def _is_binary(path: str) -> bool:
    with open(path, "rb") as file:
        return b"\0" in file.read(BEGINNING)
