"""A review as Markdown, for the description of a pull request: tables, with all that came from a lock as code."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from devenv.dates import format_time
from devenv.lock.review import PackageChange, Review, Table
from devenv.sizes import format_size
from devenv.ui.terminal import make_visible
from devenv.workflow.review_results import DiffResult, EndOfLife, InstalledChange, UpdateResult
from devenv.workflow.review_words import (
    MOVES,
    end_text,
    format_delta,
    input_text,
    move_notes,
    reasons_text,
    release_texts,
    summary,
)

ROWS_LIMIT = 200
"""Rows of one table: a comment on a pull request holds some sixty thousand characters."""
TITLES = {Table.PACKAGE: "Packages", Table.DEPENDENCY: "Dependencies", Table.RUNTIME: "Runtime"}


def format_markdown(result: DiffResult) -> bytes:
    """The whole review."""
    title = f"### `devenv.lock`: {summary(result.review)}"
    sides = f"{_words(result.before)} → {_words(result.after)}"
    lines = [title, "", sides if result.had_lock else f"{sides} (there was no lock before)", ""]
    lines += _iter_sections(result.review, result.installed)
    lines += _iter_ends(result.end_of_life)
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8", "replace")


def format_update(result: UpdateResult) -> bytes:
    """The review of an update."""
    lines = [f"### `devenv.lock`: {summary(result.review)}", "", *_iter_sections(result.review, result.installed)]
    rows = [
        (_code(each.name), _code(each.version), _code(each.offered), "withdrawn" if each.withdrawn else "")
        for each in result.held
    ]
    lines += _table("Not taken: older than what is locked", ("package", "locked", "offered", ""), rows)
    lines += _iter_ends(result.end_of_life)
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8", "replace")


def _iter_ends(ends: Sequence[EndOfLife]) -> Iterator[str]:
    today = format_time(time.time())[:10]
    rows = [(_code(each.name), _code(each.version) if each.version else "", end_text(each, today)) for each in ends]
    yield from _table("Looked after until", ("", "version", "last day"), rows)


def _iter_sections(review: Review, installed: InstalledChange | None) -> Iterator[str]:
    if not review:
        return
    for table, title in TITLES.items():
        changes = [each for each in review.packages if each.table is table]
        if changes:
            rows = [_package_row(each) for each in changes]
            yield from _table(title, ("", "package", "before", "after", "why"), rows)
    if review.inputs:
        rows = [
            (_code(each.name), _words(input_text(each)), "<br>".join(_words(text) for text in release_texts(each)))
            for each in review.inputs
        ]
        yield from _table("Inputs", ("input", "state", "releases"), rows)
    yield from _table("Sizes", ("", "before", "after", "change", "to download"), list(_size_rows(review, installed)))


def _package_row(change: PackageChange) -> tuple[str, ...]:
    notes = [*move_notes(change), *reasons_text(change)]
    before, after = ("" if each is None else _code(each) for each in (change.before, change.after))
    return MOVES[change.move], _code(change.title), before, after, "<br>".join(map(_words, notes))


def _size_rows(review: Review, installed: InstalledChange | None) -> Iterator[tuple[str, ...]]:
    for system, size in review.downloads.items():
        yield (
            f"{system}, downloads",
            format_size(size.before),
            format_size(size.after),
            format_delta(size.before, size.after),
            format_size(size.new),
        )
    if installed is not None and installed.before is not None and installed.after is not None:
        delta = format_delta(installed.before, installed.after)
        before, after = format_size(installed.before), format_size(installed.after)
        yield f"{installed.system}, installed", before, after, delta, ""


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"**{title}**"
    yield ""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(row)} |" for row in rows[:ROWS_LIMIT])
    yield ""
    if len(rows) > ROWS_LIMIT:
        yield f"… and {len(rows) - ROWS_LIMIT} more"
        yield ""


def _code(text: str) -> str:
    """As code, whatever stands in it: nobody is mentioned, nothing is linked, no table breaks."""
    return f"`{make_visible(text).replace('`', chr(39)).replace('|', '¦')}`"


def _words(text: str) -> str:
    """As text: what Markdown or HTML would make something of is escaped."""
    if "@" in text or "#" in text:
        # What a forge makes of these it makes of the finished text too.
        return _code(text)
    shown = make_visible(text)
    return "".join(f"\\{each}" if each in "\\`*_[]<>|~&" else each for each in shown)
