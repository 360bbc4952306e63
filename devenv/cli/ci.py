"""`devenv ci`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from devenv.cli.command import Action, UnfitResult, here, verb
from devenv.cli.parameters import PATH, environment_option
from devenv.workflow.tools import Tools

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""GitHub's runners: a file whose Markdown is shown with the run."""


@verb("ci", network=True, examples=["devenv ci", "devenv ci --archive .cache/closure.devenv --junit report.xml"])
@environment_option
@click.option("--archive", type=PATH, metavar="FILE", help="Begin with the closure in FILE, if there; else write it.")
@click.option(
    "--verify",
    type=click.Choice(["directories", "files", "content"]),
    default="directories",
    help="How closely objects are looked at that were read before.",
)
@click.option("--no-checks", is_flag=True, help="Leave the checks out.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="NUMBER", help="Builds and checks at once.")
@click.option("--summary", type=PATH, metavar="FILE", help="Append the summary, in Markdown.")
@click.option("--junit", type=PATH, metavar="FILE", help="Write what passed and failed as JUnit's XML.")
@click.option("--key", is_flag=True, help="Only print what to call a cache of the archive by.")
@click.option("--template", type=click.Choice(["github", "gitlab", "docker"]), help="Only print a file to start from.")
def command(  # noqa: PLR0913 - click hands options over one by one
    *,
    environment: str,
    archive: Path | None,
    verify: str,
    no_checks: bool,
    jobs: int | None,
    summary: Path | None,
    junit: Path | None,
    key: bool,
    template: str | None,
) -> Action:
    """Reproduce the environment on a build machine, verify it, run the checks, and report.

    The lock must answer the manifest. Nothing is asked, nothing need be allowed before, and nothing is allowed by it:
    builds and checks run in the sandbox, and no hook of the project runs.
    """

    def action(tools: Tools) -> object:
        if template is not None:
            from devenv.workflow.ci.templates import read_template

            return read_template(template)
        if key:
            from devenv.workflow.ci.key import find_key

            return find_key(tools, here(), environment)
        from devenv.cli.ci_report import explain, write_reports
        from devenv.workflow.ci.run import CiRequest, run_ci, show_logs
        from devenv.workflow.ci.verify import Effort

        request = CiRequest(
            explain,
            archive=archive,
            effort=Effort(verify),
            checks=not no_checks,
            jobs=jobs,
            environment=environment,
        )
        result = run_ci(tools, here(), request)
        show_logs(tools, result)
        given = os.environ.get(SUMMARY_VARIABLE)
        write_reports(result, summary or (Path(given) if given else None), junit)
        return result if result.failure is None else UnfitResult(result, result.failure.exit_code)

    return action
