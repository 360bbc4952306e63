"""`devenv lock`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, UnfitResult, here, older_option, refresh_option, verb
from devenv.workflow.tools import Tools


@verb("lock", network=True, examples=["devenv lock", "devenv lock --check", "devenv lock --accept just"])
@click.option("--check", is_flag=True, help="Only tell whether it answers: exit status 10 if it does not. Asks nobody.")
@click.option(
    "--accept",
    multiple=True,
    metavar="PACKAGE",
    help="Pin what the index names now for this package, in the version that is locked.",
)
@refresh_option
@older_option
def command(check: bool, accept: tuple[str, ...], refresh: bool, allow_older: bool) -> Action:
    """Make the lock answer the manifest; what it answers already stays."""
    if check:
        if accept or refresh or allow_older:
            raise click.UsageError("`--check` changes nothing: it stands alone")
        return _check
    from devenv.workflow.edit import lock_project

    def action(tools: Tools) -> object:
        tools.refresh = refresh or bool(accept)
        tools.allow_older = allow_older
        return lock_project(tools, here(), accept)

    return action


def _check(tools: Tools) -> object:
    del tools
    from devenv.errors import LockError
    from devenv.workflow.lock_check import check_lock

    result = check_lock(here())
    return UnfitResult(result, LockError.exit_code) if result.reasons else result
