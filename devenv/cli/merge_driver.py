"""`devenv merge-driver`: called by git to merge locks; `devenv lock --install-merge-driver` has it do so."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, UnfitResult, verb
from devenv.workflow.tools import Tools


@verb("merge-driver", json=False, hidden=True, examples=["devenv merge-driver base.lock ours.lock theirs.lock 7"])
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@click.argument("marker_size", type=click.IntRange(1, 999), default=7)
def command(base: Path, ours: Path, theirs: Path, marker_size: int) -> Action:
    """Merge a lock into OURS; status 9 says that there are conflicts in it."""
    from devenv.workflow.merge_driver import CONFLICT_STATUS, merge_files

    def action(tools: Tools) -> UnfitResult | None:
        del tools
        return UnfitResult(None, CONFLICT_STATUS) if merge_files(base, ours, theirs, marker_size) else None

    return action
