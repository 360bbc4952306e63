"""`devenv build`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devenv.cli.command import Action, UnfitResult, here, verb
from devenv.cli.parameters import BUILD, PATH, environment_option
from devenv.workflow.tools import Tools

if TYPE_CHECKING:
    from devenv.errors import BuildError
    from devenv.sandbox.model import SandboxRequest


@verb(
    "build",
    uses_lock=True,
    examples=["devenv build", "devenv build app --rebuild", "devenv build curl --debug"],
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="NUMBER", help="Builds at once.")
@click.option("-k", "--keep-going", is_flag=True, help="Go on with what does not depend on a build that failed.")
@click.option("--rebuild", is_flag=True, help="Build a second time, and show what differs bit by bit.")
@click.option("--debug", is_flag=True, help="Open a shell in a build that fails.")
@click.option("--link", type=PATH, metavar="PATH", help="Where the link to what was built goes (default: `result`).")
@click.option("--no-link", "without_link", is_flag=True, help="Make no link: `devenv gc` may delete what was built.")
@environment_option
@click.argument("names", nargs=-1, type=BUILD, metavar="[NAME]…")
def command(names: tuple[str, ...], debug: bool, link: Path | None, without_link: bool, **choice: Any) -> Action:
    """Build the project's own packages, or others, in a sandbox.

    NAME is a `[build.NAME]` of the manifest or one of its packages. Without names, all builds of the project are built.
    """
    if link is not None and without_link:
        raise click.UsageError("Give either a link or none.")

    def action(tools: Tools) -> object:
        from devenv.workflow.build_links import LinkChoice
        from devenv.workflow.known_builds import find_known_builds

        links = LinkChoice(link, without_link)
        known = None if choice["rebuild"] else find_known_builds(tools, here(), names, links, choice["environment"])
        if known is not None:
            return known
        from devenv.workflow.builds import BuildChoice, build_project

        how = BuildChoice(names, links=links, debug=_debug if debug else None, **choice)
        result = build_project(tools, here(), how)
        differs = any(each.first != each.second for each in result.rebuilt)
        return UnfitResult(result) if differs else result

    return action


def _debug(request: SandboxRequest, program: Path, error: BuildError) -> None:
    """Tell what is wrong, and open a shell in the build."""
    from devenv.sandbox.shell import open_shell
    from devenv.ui.failure import write_failure
    from devenv.ui.terminal import Painter

    painter = Painter(sys.stderr, os.environ)
    write_failure(error, painter)
    painter.write_line(
        painter.paint("hint", "a shell in the failed build (`exit` leaves it; `bash -e /script` builds)")
    )
    open_shell(program, request)
