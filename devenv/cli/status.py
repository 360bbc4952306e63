"""`devenv status`."""

from __future__ import annotations

from devenv.cli.command import Action, here, verb


@verb("status", examples=["devenv status", "devenv status --json"])
def command() -> Action:
    """Show where this project stands: trust, lock, environment."""
    from devenv.workflow.inspect import project_status

    return lambda tools: project_status(tools, here())
