"""What `devenv hook --install` and `--uninstall` print for people."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.hook_results import HookSetupResult, StartupFile

STYLES = {"+": "good", "-": "error"}


@iter_lines.register
def _(result: HookSetupResult, painter: Painter) -> Iterator[str]:
    for file in result.files:
        yield _said(result, file, painter)
        for line in file.diff:
            shown = f"  {make_visible(line)}"
            yield shown if line[:1] not in STYLES else painter.paint(STYLES[line[:1]], shown)
        if result.installed and file.evaluates is not None:
            note = f"line {file.evaluates} runs `devenv hook` at every start, which is not needed any more: take it out"
            yield f"{painter.paint('warning', 'note:')} {note}"
    if not result.files:
        yield "no startup file reads a hook"
    elif not result.dry_run and any(file.changed for file in result.files):
        shells = ", ".join(f"`exec {file.shell}`" for file in result.files if file.changed)
        yield f"{painter.paint('hint', 'next:')} a new shell ({shells}) " + (
            "has the hook" if result.installed else "is without it"
        )


def _said(result: HookSetupResult, file: StartupFile, painter: Painter) -> str:
    where = make_visible(str(file.path))
    if file.target != file.path:
        where += f" (leads to {make_visible(str(file.target))})"
    if not file.changed:
        return f"{painter.paint('good', 'kept')} {where}: it " + (
            "reads the hook" if result.installed else "reads no hook"
        )
    return f"{painter.paint('good', 'would change' if result.dry_run else 'changed')} {where}"
