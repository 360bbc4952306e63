"""The text of what `devenv init --detect` found."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.detect.manifest_text import format_reason
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.detect_results import DetectResult


@iter_lines.register
def _(result: DetectResult, painter: Painter) -> Iterator[str]:
    for package in result.packages:
        yield f"{painter.paint('name', package.name)} {make_visible(package.version)}"
        yield from (f"  {make_visible(format_reason(reason))}" for reason in package.reasons)
        yield from (f"  {make_visible(note)}" for note in package.notes)
    for each in result.contradictions:
        words = f"{format_reason(each.counts)}, {format_reason(each.against)}: the first counts"
        yield f"{painter.paint('warning', 'contradiction:')} {make_visible(words)}"
    proposed = {package.name for package in result.packages}
    for lacking in result.lacking:
        if lacking.finding.package in proposed:
            continue
        nearest = f"; {lacking.nearest}" if lacking.nearest else ""
        yield f"{painter.paint('warning', 'lacking:')} {make_visible(format_reason(lacking.finding) + nearest)}"
    for unread in result.unread:
        yield f"{painter.paint('warning', 'not used:')} {make_visible(f'`{unread.file}` is {unread.reason}')}"
    for name in result.files:
        yield f"{painter.paint('good', 'wrote')} {make_visible(name)}"
    if result.files:
        yield f"{painter.paint('hint', 'next:')} `devenv lock` pins the versions, `devenv shell` enters the environment"
    else:
        yield ""
        yield from map(make_visible, result.manifest.splitlines())
