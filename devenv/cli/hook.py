"""`devenv hook`."""

from __future__ import annotations

import click

from devenv.cli.command import Action, verb


@verb(
    "hook",
    examples=[
        "devenv hook --install         # once, for the shell you use",
        "devenv hook --uninstall       # as it was before",
        'eval "$(devenv hook bash)"    # this shell only',
    ],
)
@click.argument("shells", metavar="[SHELL]...", nargs=-1)
@click.option("--install", "installing", is_flag=True, help="Have new shells read the hook: edits the startup file.")
@click.option("--uninstall", "uninstalling", is_flag=True, help="Undo that.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would change in startup files, and change nothing.")
def command(shells: tuple[str, ...], installing: bool, uninstalling: bool, dry_run: bool) -> Action:
    """Print or install what a shell reads so that `cd` switches environments."""
    from devenv.cli.program import program_path

    if installing and uninstalling:
        raise click.UsageError("`--install` and `--uninstall` exclude each other")
    if installing:
        from devenv.workflow.hook_setup import install_hooks

        return lambda tools: install_hooks(tools, shells, program_path(), dry_run=dry_run)
    if uninstalling:
        from devenv.workflow.hook_setup import uninstall_hooks

        return lambda tools: uninstall_hooks(tools, shells, dry_run=dry_run)
    if dry_run or len(shells) != 1:
        raise click.UsageError("name one SHELL, or say `--install`")
    from devenv.activation.hook import format_hook

    return lambda tools: format_hook(shells[0], tools.settings, program_path())
