"""A process that builds scripts as the command line does: its signals, its exit status, its errors.

    python -m tests.functional.sandbox.driver HOME BUBBLEWRAP PLACE

PLACE is a file with JSON: a list of scripts by name, each with the names of those that it has as inputs. Prints JSON:
the paths of the last one, or its error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from devenv.build.realize import BuildOptions, realize
from devenv.build.source import source_derivation
from devenv.cli import entry
from devenv.derivation.model import Derivation
from devenv.errors import DevenvError
from devenv.events import ignore
from devenv.sandbox.model import Limits
from devenv.settings import default_settings
from devenv.store.store import Store
from devenv.ui.failure import failure_data
from tests.scripts import derive_script, no_artifacts


def derive_all(store: Store, scripts: list[tuple[str, str, list[str]]]) -> list[Derivation]:
    """The derivations of scripts, upon the sysroot that the store has."""
    sysroot = next(path for path in store.database.read_graph() if path.name == "sysroot")
    made: dict[str, Derivation] = {}
    for name, script, inputs in scripts:
        made[name] = derive_script(source_derivation(sysroot), script, name, *(made[each] for each in inputs))
    return list(made.values())


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("home", type=Path)
@click.argument("bubblewrap", type=Path)
@click.argument("place", type=Path)
def build(home: Path, bubblewrap: Path, place: Path) -> int:
    """Build the last of the scripts."""
    try:
        with Store(default_settings(home)) as store:
            target = derive_all(store, json.loads(place.read_text()))[-1]
            options = BuildOptions(limits=Limits(seconds=60), find_bubblewrap=lambda: bubblewrap)
            path = realize(store, [target], no_artifacts, ignore, options)[target]
            click.echo(json.dumps({"path": str(store.path(path))}))
    except DevenvError as error:
        click.echo(json.dumps(failure_data(error)))
        return error.exit_code
    return 0


if __name__ == "__main__":
    entry.devenv_command = build  # type: ignore[assignment,attr-defined]
    sys.exit(entry.run_command_line(sys.argv[1:]))
