"""What `allow`, `deny` and `revoke` tell people: what may act that could not before, on one screen of 80 columns."""

from __future__ import annotations

import difflib
import textwrap
import time
from collections.abc import Iterator, Sequence

from devenv.ui.lines import format_table, iter_lines
from devenv.ui.terminal import USUAL_WIDTH, Painter, make_visible
from devenv.workflow.trust_results import (
    AllowResult,
    Change,
    DenyResult,
    KnownProject,
    KnownProjectsResult,
    RevokeResult,
)

PLURALS = {
    "input": "inputs",
    "package": "packages",
    "dependency": "dependencies",
    "variable": "variables",
    "file": "files",
    "hook": "code on entering",
    "leave": "code on leaving",
    "alias": "aliases",
    "function": "functions",
    "venv": "virtual environment",
    "formatter": "formatters",
    "build": "builds",
    "check": "checks",
}
"""Kinds of what can act → what several of them are called."""

SHOWN_CHANGES = 8
"""Changes of one kind that get a line of their own."""
NAMES_LINES = 3
"""Lines of names, where a kind has more than that."""
CODE_KINDS = frozenset({"hook", "leave", "function"})
CODE_LINES = 6
"""Lines of code that are shown."""
COMPARED_LINES = 1000
"""Lines of code beyond which it is not compared line by line, which takes the square of their number."""
NAMED_KINDS = frozenset({"dependency"})
"""What nobody asked for one by one: only counted, with names."""
DIGEST_SHOWN = 16
"""Characters of a digest that tell contents apart for people."""
INDENT = "  "


@iter_lines.register
def _(result: AllowResult, painter: Painter) -> Iterator[str]:
    waits = result.dry_run and result.trust != "allowed"
    if waits:
        yield f"{painter.paint('warning', 'not allowed yet:')} {make_visible(str(result.project))}"
    elif result.dry_run:
        yield f"{painter.paint('good', 'allowed already:')} {make_visible(str(result.project))}"
    else:
        yield f"{painter.paint('good', 'allowed')} {make_visible(str(result.project))} (generation {result.generation})"
    yield painter.paint("faint", f"content {result.content[:DIGEST_SHOWN]}")
    if not result.changes:
        yield "nothing can act yet" if result.first else "nothing is new since it was last allowed"
        return
    yield "what can act:" if result.first else "new since it was last allowed:"
    for kind in dict.fromkeys(each.kind for each in result.changes):
        yield from _kind_lines(kind, [each for each in result.changes if each.kind == kind], result.first, painter)
    if waits:
        yield f"{painter.paint('hint', 'next:')} `devenv allow` to let it act"


def _kind_lines(kind: str, changes: Sequence[Change], first: bool, painter: Painter) -> Iterator[str]:
    if kind in CODE_KINDS:
        yield from (f"{INDENT}{line}" for each in changes[:SHOWN_CHANGES] for line in _code_lines(each, painter))
        yield from _rest(kind, changes[SHOWN_CHANGES:])
    elif len(changes) > SHOWN_CHANGES or kind in NAMED_KINDS:
        yield from _named(kind, changes, first)
    else:
        yield f"{INDENT}{PLURALS[kind]}"
        rows = [(_sign(each), each.name, _text(each)) for each in changes]
        for line, each in zip(format_table(rows), changes, strict=True):
            yield painter.paint(_style(each), _fit(f"{INDENT * 2}{line}"))


def _named(kind: str, changes: Sequence[Change], first: bool) -> Iterator[str]:
    """Many of one kind: by their names, as many as fit."""
    names = ", ".join(make_visible(each.name if first else _sign(each) + each.name) for each in changes)
    lines = textwrap.wrap(f"{PLURALS[kind]} ({len(changes)}): {names}", USUAL_WIDTH - len(INDENT) - 1)
    yield from (f"{INDENT}{line}" for line in lines[:NAMES_LINES])
    if len(lines) > NAMES_LINES:
        yield f"{INDENT}… (`--json` has all)"


def _rest(kind: str, changes: Sequence[Change]) -> Iterator[str]:
    if changes:
        yield f"{INDENT}… and {len(changes)} more of {PLURALS[kind]} (`--json` has all)"


def _code_lines(change: Change, painter: Painter) -> Iterator[str]:
    """Code line by line: all that is new of it; what is removed as a whole is only named."""
    room = USUAL_WIDTH - len(INDENT)
    title = f"{PLURALS[change.kind] if change.kind != 'function' else 'function'}, {change.name}"
    if change.after is None:
        yield painter.paint(_style(change), _fit(f"- {title}", room))
        return
    yield painter.paint(_style(change), _fit(f"{_sign(change)} {title}:", room))
    lines = _new_lines(change.before, change.after)
    yield from (_fit(f"{INDENT}| {make_visible(line)}", room) for line in lines[:CODE_LINES])
    if len(lines) > CODE_LINES:
        yield f"{INDENT}| … {len(lines) - CODE_LINES} more lines (`--json` has all)"


def _new_lines(before: str | None, after: str) -> list[str]:
    """The code as it stands there, or how it changed: lines that are new or gone, with their signs."""
    lines = after.strip("\n").split("\n")
    if before is None:
        return lines
    old = before.strip("\n").split("\n")
    if max(len(old), len(lines)) > COMPARED_LINES:
        return lines
    compared = difflib.unified_diff(old, lines, lineterm="", n=0)
    return [f"{line[0]} {line[1:]}" for line in list(compared)[2:] if not line.startswith("@@")] or lines


def _text(change: Change) -> str:
    if change.before is not None and change.after is not None:
        return f"{change.before} → {change.after}"
    return change.after or change.before or ""


def _sign(change: Change) -> str:
    if change.before is None:
        return "+"
    return "-" if change.after is None else "~"


def _style(change: Change) -> str:
    return "faint" if change.after is None else "name"


def _fit(text: str, room: int = USUAL_WIDTH) -> str:
    """One line that fits into so many columns, whatever stands in it."""
    shown = make_visible(text).expandtabs(4)
    return shown if len(shown) < room else shown[: room - 2] + "…"


@iter_lines.register
def _(result: DenyResult, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('good', 'denied')} {make_visible(str(result.project))}"


@iter_lines.register
def _(result: RevokeResult, painter: Painter) -> Iterator[str]:
    if result.known:
        yield f"{painter.paint('good', 'forgot')} {make_visible(str(result.project))}"
    else:
        yield f"nothing was said of {make_visible(str(result.project))}"


@iter_lines.register
def _(result: KnownProjectsResult, painter: Painter) -> Iterator[str]:
    if not result.projects:
        yield "nothing was allowed or denied"
        return
    rows = [_known_row(each) for each in result.projects]
    room = painter.width or USUAL_WIDTH
    header, *lines = format_table([("trust", "contents", "since", "project"), *rows])
    yield painter.paint("faint", header)
    for line, each in zip(lines, result.projects, strict=True):
        shown = line if painter.width is None or len(line) <= room else line[: room - 1] + "…"
        yield painter.paint("faint", shown) if each.trust == "gone" else shown
    if any(each.trust == "gone" for each in result.projects):
        yield f"{painter.paint('hint', 'next:')} `devenv revoke DIRECTORY` forgets one that is gone"


def _known_row(each: KnownProject) -> tuple[str, str, str, str]:
    since = "" if each.time is None else time.strftime("%Y-%m-%d", time.localtime(each.time))
    return (each.trust, str(each.contents), since, str(each.project))
