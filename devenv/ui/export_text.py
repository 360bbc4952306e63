"""The texts of environments as data."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.ui.lines import format_table, iter_lines
from devenv.ui.terminal import Painter
from devenv.workflow.export_results import EnvResult, GithubResult


@iter_lines.register
def _environment(result: EnvResult, painter: Painter) -> Iterator[str]:
    del painter
    rows = [(name, value) for name, value in result.variables.items()]
    rows += [(name, "(not set)") for name in result.unset]
    for name, entries in result.lists.items():
        rows.append((name, ":".join([*entries.before, "…", *entries.after])))
    yield from format_table(sorted(rows))


@iter_lines.register
def _github(result: GithubResult, painter: Painter) -> Iterator[str]:
    del painter
    yield f"{len(result.variables)} variables and {len(result.path)} directories of PATH for the steps that follow"
