"""`devenv hook-changed`: called by the shell hooks, in the background, when a watched file has another time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import click

from devenv.cli.command import Action, verb
from devenv.workflow.tools import Tools


@verb("hook-changed", json=False, hidden=True, examples=["devenv hook-changed -- /home/me/api"])
@click.argument("project", type=click.Path(path_type=Path))
def command(project: Path) -> Action:
    """Bring the shells of a project to what its files say now; tells them through the state directory."""
    from devenv.workflow.refresh import refresh_changed

    def action(tools: Tools) -> None:
        # It outlives the shell that asked, and its terminal.
        with contextlib.suppress(PermissionError):
            os.setsid()
        refresh_changed(tools, project, _log_into)

    return action


@contextlib.contextmanager
def _log_into(path: Path) -> Iterator[None]:
    """Standard error, which the hooks have thrown away, goes into the file at `path`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    before = os.dup(2)
    descriptor = os.open(path, flags, 0o600)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
