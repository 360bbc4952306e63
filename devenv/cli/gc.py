"""`devenv gc`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, UnfitResult, verb
from devenv.cli.parameters import DURATION, SIZE
from devenv.workflow.tools import Tools


@verb(
    "gc",
    examples=[
        "devenv gc --dry-run",
        "devenv gc --older-than 30d",
        "devenv gc --keep 3 --max-freed 10G",
        "devenv gc --budget 20G",
    ],
)
@click.option("-n", "--dry-run", is_flag=True, help="Only list what would be deleted, and why.")
@click.option("--older-than", type=DURATION, help="Also delete generations not used for so long (30d, 12h, 2w).")
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="Keep the N newest generations of each project.")
@click.option("--max-freed", type=SIZE, help="Stop when so much is deleted (500M, 10G).")
@click.option("--budget", type=SIZE, help="Delete least recently used generations until the store fits into so much.")
def command(
    dry_run: bool, older_than: float | None, keep: int | None, max_freed: int | None, budget: int | None
) -> Action:
    """Delete what no project, link or process needs any more."""

    def action(tools: Tools) -> object:
        from devenv.workflow.collect import CollectOptions, collect_garbage

        result = collect_garbage(tools, CollectOptions(dry_run, older_than, keep, max_freed, budget))
        return UnfitResult(result) if result.failures else result

    return action
