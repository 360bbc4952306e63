"""`devenv set test`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, UnfitResult, refresh_option, verb
from devenv.cli.parameters import BASE_PACKAGE
from devenv.workflow.tools import Tools


@verb(
    "test",
    within="set",
    examples=[
        "devenv set test",
        "devenv set test nodejs postgresql@15",
        "devenv set test source:hello",
        "devenv set test --json",
    ],
)
@click.argument("packages", type=BASE_PACKAGE, nargs=-1, metavar="[NAME[@VERSION]]…")
@refresh_option
def command(packages: tuple[str, ...], refresh: bool) -> Action:
    """Realize packages of devenv's own sets and run their smoke commands.

    Each package is tried alone, with nothing of the host at hand; a library that is loaded from the host fails it.
    Without NAME, all of `builtin:base`, which takes tens of gigabytes. Exit status 12 where something fails.
    """
    from devenv.workflow.smoke import smoke_test
    from devenv.workflow.wanted import parse_wanted

    def action(tools: Tools) -> object:
        tools.refresh = refresh
        result = smoke_test(tools, [parse_wanted(package) for package in packages])
        return UnfitResult(result) if any(test.failures for test in result.tests) else result

    return action
