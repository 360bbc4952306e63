"""Writes what `devenv ci` tells others than the terminal: the summary and the report in JUnit's XML."""

from __future__ import annotations

from pathlib import Path

from devenv.errors import DevenvError
from devenv.workflow.ci.results import CiResult


def explain(error: Exception) -> DevenvError:
    """An error of what no layer expected."""
    from devenv.cli.crash import crash_error, os_error

    return os_error(error) if isinstance(error, OSError) else crash_error(error)


def write_reports(result: CiResult, summary: Path | None, junit: Path | None) -> None:
    """Append the summary to a file, and write the report. Raises OSError."""
    for path in (summary, junit):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    if summary is not None:
        from devenv.ui.ci_markdown import format_summary

        # Others have written theirs before: the file belongs to a whole step.
        with summary.open("a", encoding="utf-8", errors="replace") as file:
            file.write(format_summary(result))
    if junit is not None:
        from devenv.fsutil import write_atomic
        from devenv.ui.ci_junit import format_junit

        write_atomic(junit, format_junit(result))
