"""Failures that no layer expected, as errors that a person can act on."""

from __future__ import annotations

import contextlib

from devenv.errors import BuildError, DevenvError, UsageError
from devenv.fsutil import DISK_FULL


def os_error(error: OSError) -> DevenvError:
    """An error of the operating system: what and where."""
    place = f" at `{error.filename}`" if error.filename else ""
    if error.errno in DISK_FULL:
        return BuildError(
            f"the disk is full{place}", hint="free some space and run the command again", slug="disk-full"
        )
    return BuildError(
        f"the operating system refused{place}: {error.strerror or error}",
        hint="check the permissions there, then run the command again",
        slug="system-error",
    )


def output_error(error: OSError) -> UsageError:
    """What was to be printed is lost: the disk is full, or standard output is closed."""
    return UsageError(
        f"the output could not be written: {error.strerror or error}",
        hint="check where standard output leads",
        slug="output-lost",
    )


def crash_error(error: BaseException) -> DevenvError:
    """A mistake of devenv's own. The traceback goes to a file."""
    import tempfile
    import traceback

    hint = "report this, please"
    with (
        contextlib.suppress(OSError),
        tempfile.NamedTemporaryFile("w", prefix="devenv-crash-", suffix=".txt", delete=False) as file,
    ):
        traceback.print_exception(error, file=file)
        hint = f"report this with the file `{file.name}`, please"
    return DevenvError(f"devenv made a mistake: {type(error).__name__}: {error}", hint=hint, slug="internal")
