"""`devenv add`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, refresh_option, verb
from devenv.workflow.tools import Tools


@verb("add", examples=["devenv add nodejs@24 ripgrep just", 'devenv add "go@>=1.25,<1.27"', "devenv add zig@latest"])
@click.argument("packages", nargs=-1, required=True, metavar="NAME[@VERSION]…")
@refresh_option
def command(packages: tuple[str, ...], refresh: bool) -> Action:
    """Add packages to the manifest, lock and realize them.

    VERSION is a version or the beginning of one (24, 24.1), a range (>=1.25,<1.27), or `latest`.
    """
    from devenv.workflow.edit import add_packages, parse_wanted

    def action(tools: Tools) -> object:
        tools.refresh = refresh
        return add_packages(tools, here(), [parse_wanted(package) for package in packages])

    return action
