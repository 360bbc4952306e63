"""`devenv env`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import environment_option
from devenv.workflow.tools import Tools


@verb(
    "env",
    uses_lock=True,
    examples=["devenv env --json", "devenv env --dotenv >.env.devenv", "devenv env --github    # in a workflow"],
)
@click.option("--dotenv", "form", flag_value="dotenv", help="Print a file of variables, as docker and editors read it.")
@click.option("--github", "form", flag_value="github", help="Have the steps of a GitHub workflow that follow use it.")
@click.option("--direnv", "form", flag_value="direnv", help="Print what `use devenv` of direnv evaluates.")
@environment_option
def command(form: str | None, environment: str) -> Action:
    """Show the environment, for tools that are no shell."""
    from devenv.workflow import export

    actions = {
        "dotenv": export.export_dotenv,
        "direnv": export.export_direnv,
        "github": export.export_github,
        None: export.show_environment,
    }

    def action(tools: Tools) -> object:
        return actions[form](tools, here(), environment)

    return action
