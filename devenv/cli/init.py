"""`devenv init`."""

from __future__ import annotations

from pathlib import Path

import click

from devenv.cli.command import Action, here, verb
from devenv.cli.parameters import PATH


@verb(
    "init",
    network=True,
    examples=["devenv init", "devenv init --template node api", "devenv init --detect", "devenv init --list"],
)
@click.argument("directory", required=False, type=PATH)
@click.option("-t", "--template", metavar="NAME", help="What to begin with (default: minimal).")
@click.option("--detect", is_flag=True, help="Propose packages after what the files there say, and write the manifest.")
@click.option("-n", "--dry-run", is_flag=True, help="With --detect: only show the manifest.")
@click.option("--from", "source", metavar="LOCATOR", help="Take the template from a repository, archive or directory.")
@click.option("--list", "listing", is_flag=True, help="List the templates and do nothing.")
def command(
    directory: Path | None, template: str | None, detect: bool, dry_run: bool, source: str | None, listing: bool
) -> Action:
    """Make a project: a manifest, and the files of a template."""
    from devenv.workflow.start import DEFAULT_TEMPLATE, find_templates, init_project

    if detect and template is not None:
        raise click.UsageError("`--detect` and `--template` exclude each other: a project begins with one of them")
    if detect and source is not None:
        raise click.UsageError("`--detect` and `--from` exclude each other: a project begins with one of them")
    if dry_run and not detect:
        raise click.UsageError("`--dry-run` is for `--detect`")
    project = here() / (directory or ".")
    if source is not None:
        from devenv.workflow.start_from import find_templates_of, init_from

        if listing:
            return lambda tools: find_templates_of(tools, here(), source)
        return lambda tools: init_from(tools, here(), project, source, template)
    if listing:
        return lambda _tools: find_templates()
    if detect:
        from devenv.workflow.detect import detect_project

        return lambda tools: detect_project(tools, project, dry_run=dry_run)
    return lambda tools: init_project(tools, project, template or DEFAULT_TEMPLATE)
