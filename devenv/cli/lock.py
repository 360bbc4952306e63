"""`devenv lock`."""

from __future__ import annotations

from typing import Literal

import click

from devenv.cli.command import Action, UnfitResult, here, older_option, refresh_option, verb
from devenv.cli.parameters import before_option
from devenv.workflow.tools import Tools


@verb(
    "lock",
    network=True,
    examples=["devenv lock", "devenv lock --check", "devenv lock --merge", "devenv lock --accept just"],
)
@click.option("--check", is_flag=True, help="Only tell whether it answers: exit status 10 if it does not. Asks nobody.")
@click.option(
    "--accept",
    multiple=True,
    metavar="PACKAGE",
    help="Pin what the index names now for this package, in the version that is locked.",
)
@click.option("--merge", is_flag=True, help="Take the answers of both sides of a merge that left a conflict.")
@click.option("--ours", "side", flag_value="ours", help="With --merge: what contradicts is taken from our side.")
@click.option("--theirs", "side", flag_value="theirs", help="With --merge: what contradicts is taken from their side.")
@click.option("--install-merge-driver", "install", is_flag=True, help="Have git merge locks package by package.")
@refresh_option
@older_option
@before_option
def command(
    accept: tuple[str, ...],
    side: Literal["ours", "theirs"] | None,
    refresh: bool,
    allow_older: bool,
    before: int | None,
    **tasks: bool,
) -> Action:
    """Make the lock answer the manifest; what it answers already stays."""
    task = next((name for name, asked in tasks.items() if asked), None)
    if sum(tasks.values()) + bool(accept) > 1:
        raise click.UsageError("`--check`, `--accept`, `--merge` and `--install-merge-driver` do not go together")
    if side is not None and task != "merge":
        raise click.UsageError("`--ours` and `--theirs` belong to `--merge`")
    if task in {"check", "install"}:
        if refresh or allow_older or before is not None:
            raise click.UsageError("`--check` and `--install-merge-driver` ask no index")
        return _check if task == "check" else _install
    if task == "merge":
        return _merging(side, refresh=refresh, allow_older=allow_older, before=before)
    from devenv.workflow.accept import accept_files
    from devenv.workflow.edit import lock_project

    def action(tools: Tools) -> object:
        tools.refresh = refresh or bool(accept)
        tools.allow_older = allow_older
        tools.before = before
        return accept_files(tools, here(), accept) if accept else lock_project(tools, here())

    return action


def _merging(side: Literal["ours", "theirs"] | None, *, refresh: bool, allow_older: bool, before: int | None) -> Action:
    from devenv.cli.choose_side import ask_sides, can_ask
    from devenv.workflow.lock_merge import merge_project

    def action(tools: Tools) -> object:
        tools.refresh, tools.allow_older, tools.before = refresh, allow_older, before
        choose = (lambda _: side) if side is not None else ask_sides() if can_ask() else None
        return merge_project(tools, here(), choose)

    return action


def _install(tools: Tools) -> object:
    from devenv.cli.program import program_path
    from devenv.workflow.merge_driver import install_driver

    return install_driver(tools, here(), program_path())


def _check(tools: Tools) -> object:
    del tools
    from devenv.errors import LockError
    from devenv.workflow.lock_check import check_lock

    result = check_lock(here())
    return UnfitResult(result, LockError.exit_code) if result.reasons else result
