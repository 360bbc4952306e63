"""Hooks as files, which shells read when they start, so that a new shell starts no program.

    <state>/hooks/hook.<shell>   what `devenv hook SHELL` prints
    <state>/hooks/program        link to the `devenv` command that they call

They are made by `devenv hook --install`. Whenever a project is activated they are compared with what this version of
devenv has, and renewed: who updates devenv need not think of them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from devenv import fsutil
from devenv.activation.hook import format_hook
from devenv.activation.shells import SHELLS
from devenv.settings import Settings

PROGRAM_NAME = "program"
HOOK_LIMIT = 1 << 20
"""Bytes of a hook; far above what one has."""


def hooks_path(settings: Settings) -> Path:
    """The directory of these files."""
    return settings.state / "hooks"


def hook_path(settings: Settings, shell: str) -> Path:
    """The file that shells of this kind read."""
    return hooks_path(settings) / f"hook.{shell}"


def write_hook(settings: Settings, shell: str, program: Path) -> None:
    """Make the file of one shell, which calls `program`. The others call it from now on too."""
    directory = fsutil.make_private_directory(hooks_path(settings))
    fsutil.remove_unfinished(directory)
    fsutil.replace_link(directory / PROGRAM_NAME, str(program))
    fsutil.write_atomic(hook_path(settings, shell), format_hook(shell, settings, program), 0o600)
    renew_hooks(settings)


def remove_hook(settings: Settings, shell: str) -> None:
    """Delete the file of one shell; nothing there is no error. Shells that run keep what they read."""
    hook_path(settings, shell).unlink(missing_ok=True)


def renew_hooks(settings: Settings) -> None:
    """Bring the files that are there to what this devenv has. Where they cannot be written, they stay."""
    try:
        stored = Path(os.readlink(hooks_path(settings) / PROGRAM_NAME))
    except OSError:
        return
    program = stored if os.access(stored, os.X_OK) else _own_program() or stored
    with contextlib.suppress(OSError):
        if program != stored:
            fsutil.replace_link(hooks_path(settings) / PROGRAM_NAME, str(program))
        for shell in SHELLS:
            _renew(hook_path(settings, shell), format_hook(shell, settings, program))


def _renew(path: Path, content: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        if fsutil.read_regular(path, HOOK_LIMIT) != content:
            fsutil.write_atomic(path, content, 0o600)


def _own_program() -> Path | None:
    """The command that runs now, where it was called by its name: devenv was installed anew, elsewhere."""
    called = Path(sys.argv[0])
    return called if called.is_absolute() and called.name == "devenv" and os.access(called, os.X_OK) else None
