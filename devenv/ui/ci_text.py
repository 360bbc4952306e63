"""What `devenv ci` prints in the end; `iter_lines` finds these when they are needed."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.ci.results import FAILED, PASSED, CiFailure, CiKeyResult, CiResult, CiTemplateResult

STYLE_OF = {PASSED: "good", FAILED: "error"}


@iter_lines.register
def _(result: CiResult, painter: Painter) -> Iterator[str]:
    for stage in result.stages:
        status = painter.paint(STYLE_OF.get(stage.status, "faint"), stage.status.ljust(7))
        if stage.status not in STYLE_OF:
            yield f"{status} {stage.name}"
            continue
        note = f"  {make_visible(stage.text)}" if stage.text else ""
        yield f"{status} {painter.paint('name', stage.name.ljust(11))} {stage.seconds:8.2f} s{note}"
    for check in result.checks:
        verdict = painter.paint("good", "passed ") if check.passed else painter.paint("error", "failed ")
        note = "" if check.fresh else " (on the same content before)"
        reason = f": {make_visible(check.reason)}" if check.reason else note
        yield f"{verdict} check {painter.paint('name', check.name)}{reason}"
    if result.failure is not None:
        yield from _failure(result.failure, painter)


def _failure(failure: CiFailure, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('error', f'{failure.domain} error:')} {make_visible(failure.message)}"
    if failure.place is not None:
        yield f"  at {make_visible(failure.place)}"
    yield from (f"  {make_visible(line)}" for line in failure.details)
    if failure.hint is not None:
        yield f"{painter.paint('hint', 'hint:')} {make_visible(failure.hint)}"


@iter_lines.register
def _(result: CiKeyResult, painter: Painter) -> Iterator[str]:
    del painter
    yield result.key


@iter_lines.register
def _(result: CiTemplateResult, painter: Painter) -> Iterator[str]:
    del painter
    yield from result.content.splitlines()
