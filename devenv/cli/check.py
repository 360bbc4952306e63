"""`devenv check`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, UnfitResult, here, verb
from devenv.cli.parameters import CHECK, environment_option
from devenv.errors import CheckError
from devenv.workflow.tools import Tools


@verb("check", uses_lock=True, examples=["devenv check", "devenv check test"])
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="NUMBER", help="Checks at once.")
@environment_option
@click.argument("names", nargs=-1, type=CHECK, metavar="[NAME]…")
def command(jobs: int | None, environment: str, names: tuple[str, ...]) -> Action:
    """Run the project's checks, each in a sandbox.

    A check is a command under `[checks]`; it sees the environment's packages and a copy of the source. What
    passed is not run again before something changes that it can see.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.builds import BuildChoice, check_project

        result = check_project(tools, here(), BuildChoice(names=names, jobs=jobs, environment=environment))
        return result if all(each.passed for each in result.checks) else UnfitResult(result, CheckError.exit_code)

    return action
