"""`devenv hook-changed`: called by the shell hooks when a watched file has another time."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, verb
from devenv.events import Notice
from devenv.workflow.tools import Tools


@verb("hook-changed", json=False, hidden=True, examples=["devenv hook-changed -- /home/me/api"])
@click.argument("project", type=click.Path(path_type=Path))
def command(project: Path) -> Action:
    """Check whether a project is still what was allowed; withdraw its environment where it is not."""
    from devenv.workflow.trust import check_changed

    def action(tools: Tools) -> None:
        line = check_changed(tools, project)
        if line is not None:
            tools.report(Notice(line))

    return action
