"""`devenv lock`."""

from __future__ import annotations

from devenv.cli.command import Action, here, verb


@verb("lock", examples=["devenv lock"])
def command() -> Action:
    """Make the lock answer the manifest; what it answers already stays."""
    from devenv.workflow.edit import lock_project

    return lambda tools: lock_project(tools, here())
