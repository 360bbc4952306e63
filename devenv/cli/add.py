"""`devenv add`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, older_option, refresh_option, verb
from devenv.cli.parameters import PACKAGE, before_option, environment_option
from devenv.workflow.tools import Tools

EXAMPLES = [
    "devenv add nodejs@24 ripgrep just",
    'devenv add "go@>=1.25,<1.27"',
    "devenv add zig@latest",
    "devenv add debian:htop debian:bookworm/redis-server",
]


@verb("add", network=True, examples=EXAMPLES)
@click.argument("packages", type=PACKAGE, nargs=-1, required=True, metavar="[SET:]NAME[@VERSION]…")
@refresh_option
@older_option
@before_option
@environment_option
def command(
    packages: tuple[str, ...], refresh: bool, allow_older: bool, before: int | None, environment: str
) -> Action:
    """Add packages to the manifest, lock and realize them.

    VERSION is a version or the beginning of one (24, 24.1), a range (>=1.25,<1.27), or `latest`.
    SET is `debian`, for a package of Debian as the manifest's suite has it; `debian:SUITE/NAME` names another suite.
    An input of the manifest that is a tree stands before its packages too: `tools:frob`.
    """
    from devenv.workflow.edit import add_packages
    from devenv.workflow.usual_suite import find_tree_inputs
    from devenv.workflow.wanted import parse_wanted

    def action(tools: Tools) -> object:
        tools.refresh = refresh
        tools.allow_older = allow_older
        tools.before = before
        inputs = find_tree_inputs(here())
        return add_packages(tools, here(), [parse_wanted(package, inputs) for package in packages], environment)

    return action
