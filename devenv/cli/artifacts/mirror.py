"""`devenv artifacts mirror`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import DIRECTORY
from devenv.system import ALL_SYSTEMS, System
from devenv.workflow.tools import Tools


@verb(
    "mirror",
    within="artifacts",
    examples=[
        "devenv artifacts mirror /srv/artifacts",
        "devenv artifacts mirror --system x86_64-linux /srv/artifacts",
    ],
)
@click.option(
    "--system",
    "systems",
    multiple=True,
    type=click.Choice([system.value for system in ALL_SYSTEMS]),
    help="Only what this system needs; may be given several times.",
)
@click.argument("directory", metavar="DIR", type=DIRECTORY)
def command(systems: tuple[str, ...], directory: Path) -> Action:
    """Copy every file that the lock pins into DIR, for all systems.

    Name DIR, or the address at which a web server shows it, as one of the `artifact_stores` in the settings: files
    are then found there once their registry has deleted them. What is in DIR already is verified and stays; several
    projects may share it.
    """

    def action(tools: Tools) -> object:
        from devenv.workflow.artifacts import mirror_artifacts

        target = Path(os.path.abspath(here() / directory))
        return mirror_artifacts(tools, here(), target, [System(name) for name in systems])

    return action
