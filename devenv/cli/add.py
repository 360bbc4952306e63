"""`devenv add`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb


@verb("add", examples=["devenv add nodejs@24 ripgrep just", 'devenv add "go@>=1.25,<1.27"', "devenv add zig@latest"])
@click.argument("packages", nargs=-1, required=True, metavar="NAME[@VERSION]…")
def command(packages: tuple[str, ...]) -> Action:
    """Add packages to the manifest, lock and realize them.

    VERSION is a version or the beginning of one (24, 24.1), a range (>=1.25,<1.27), or `latest`.
    """
    from devenv.workflow.edit import add_packages, parse_wanted

    return lambda tools: add_packages(tools, here(), [parse_wanted(package) for package in packages])
