"""The summary of a run in Markdown, for the page of a CI service.

Whatever stands in it (names of checks, lines of logs) is text: it ends no fence, makes no link, and is not HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from devenv.sizes import format_size
from devenv.ui.terminal import make_visible
from devenv.workflow.ci.results import FAILED, PASSED, CiFailure, CiResult

MARK = {PASSED: "✅", FAILED: "❌"}
ACTIVE = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:-])")
"""What Markdown, or what a service makes of it, acts on."""
CELL_LIMIT = 300
LINE_LIMIT = 500
BACKTICKS = re.compile("`+")


def format_summary(result: CiResult) -> str:
    """The whole summary, which ends with an empty line."""
    return "\n".join([*_iter_lines(result), ""]) + "\n"


def _iter_lines(result: CiResult) -> Iterator[str]:
    verdict = "reproduced" if result.passed else "failed"
    yield f"### devenv: {verdict} on {_cell(result.system)}"
    yield ""
    yield "| | stage | seconds | |"
    yield "|---|---|---:|---|"
    for stage in result.stages:
        seconds = f"{stage.seconds:.2f}" if stage.status in MARK else ""
        yield f"| {MARK.get(stage.status, '➖')} | {stage.name} | {seconds} | {_cell(stage.text)} |"
    yield ""
    if result.checks:
        yield "| | check | |"
        yield "|---|---|---|"
        for check in result.checks:
            note = check.reason or ("" if check.fresh else "on the same content before")
            yield f"| {MARK[PASSED if check.passed else FAILED]} | {_cell(check.name)} | {_cell(note)} |"
        yield ""
    if result.verification is not None:
        found = result.verification
        yield (
            f"{found.objects} objects ({format_size(found.size)}) compared with their names, {found.read} of them by "
            f"reading them in this run; {found.outputs} of them stand in the lock."
        )
        yield ""
    if result.failure is not None:
        yield from _failure(result.failure)
    for check in result.checks:
        if not check.passed and check.last_lines:
            # In a line of HTML a backslash escapes nothing.
            yield f"<details><summary>{html.escape(make_visible(check.name[:CELL_LIMIT]))}</summary>"
            yield ""
            yield from _fenced(check.last_lines)
            yield ""
            yield "</details>"
            yield ""


def _failure(failure: CiFailure) -> Iterator[str]:
    yield f"**{failure.domain} error** (`{failure.slug}`, exit status {failure.exit_code})"
    yield ""
    place = () if failure.place is None else (f"at {failure.place}",)
    hint = () if failure.hint is None else (f"hint: {failure.hint}",)
    yield from _fenced((failure.message, *place, *failure.details, *hint))
    yield ""


def _cell(text: str) -> str:
    return ACTIVE.sub(r"\\\1", make_visible(text[:CELL_LIMIT])).replace("\t", " ")


def _fenced(lines: tuple[str, ...]) -> Iterator[str]:
    """The lines as they are, in a fence that none of them ends."""
    shown = [make_visible(line[:LINE_LIMIT]) for line in lines]
    longest = max((len(match) for line in shown for match in BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from shown
    yield fence
