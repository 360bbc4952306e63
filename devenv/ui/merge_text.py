"""What merging locks tells people."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.ui.lines import format_table, iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.merge_results import LockMergeResult, MergeDriverResult


@iter_lines.register
def _(result: LockMergeResult, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('good', 'merged')} {make_visible(str(result.project / 'devenv.lock'))}"
    rows = [
        (
            each.name,
            each.version,
            f"{each.side}{', instead of the other one' if each.contradicted else ''}"
            f"{'' if each.environment is None else f' (environment {each.environment})'}",
        )
        for each in result.taken
    ]
    rows += [(each.name, each.version, "locked anew") for each in result.packages if each.name in result.asked]
    yield from (f"  {line}" for line in format_table(rows))
    for reason in dict.fromkeys(result.lacking.values()):
        names = ", ".join(str(system) for system in result.lacking if result.lacking[system] == reason)
        yield f"{painter.paint('warning', 'note:')} not for {names}: {make_visible(reason)}"
    yield f"{painter.paint('hint', 'next:')} `git add devenv.lock`"


@iter_lines.register
def _(result: MergeDriverResult, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('good', 'installed')} git merges the locks of this repository package by package"
    if result.changed:
        attributes = make_visible(str(result.attributes))
        yield f"{painter.paint('hint', 'next:')} commit {attributes}; in other clones, run this again"
