"""`devenv cache`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb


@verb("cache", examples=["devenv cache", "devenv cache --clean", "devenv cache --clean --all --dry-run"])
@click.option("--clean", is_flag=True, help="Remove what is beyond the limits, and what killed processes left.")
@click.option("--all", "everything", is_flag=True, help="With --clean: remove everything that nobody is reading.")
@click.option("--dry-run", is_flag=True, help="With --clean: only say what would be removed.")
def command(clean: bool, everything: bool, dry_run: bool) -> Action:
    """Show or clean what was downloaded."""
    from devenv.workflow.cache import clean_cache, show_cache

    if clean:
        return lambda tools: clean_cache(tools, everything=everything, dry_run=dry_run)
    for name, given in (("--all", everything), ("--dry-run", dry_run)):
        if given:
            raise click.UsageError(f"`{name}` goes with `--clean`", click.get_current_context())
    return show_cache
