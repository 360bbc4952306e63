"""What `devenv fmt` prints for people."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.results import FileChange, FormatResult

STYLES = {"+": "good", "-": "error"}


@iter_lines.register
def _(result: FormatResult, painter: Painter) -> Iterator[str]:
    word = "would change" if result.check else "formatted"
    for change in result.changes:
        yield f"{painter.paint('good', word)} {make_visible(change.path)}"
        yield from _iter_diff(change, painter)
    count = len(result.changes) or "none"
    verb = "would change" if result.check else "changed"
    yield f"{count} of {result.files} file{'' if result.files == 1 else 's'} {verb}"


def _iter_diff(change: FileChange, painter: Painter) -> Iterator[str]:
    for line in (change.diff or "").splitlines():
        shown = f"  {make_visible(line)}"
        style = STYLES.get(line[:1])
        yield shown if style is None else painter.paint(style, shown)
