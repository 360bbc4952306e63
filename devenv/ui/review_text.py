"""What `diff` and `update` tell people: what moved, what is built again and why, what it costs, what is at its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from devenv.dates import format_time
from devenv.lock.review import InputChange, Move, PackageChange, Review, Table
from devenv.sizes import format_size
from devenv.ui.lines import format_table, iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.review_results import (
    DiffResult,
    EndOfLife,
    Held,
    InstalledChange,
    NewerPackage,
    OutdatedResult,
    UpdateResult,
)
from devenv.workflow.review_words import (
    end_text,
    format_delta,
    input_text,
    move_notes,
    reasons_text,
    release_texts,
    summary,
    version_text,
)

SIGNS = {
    Move.ADDED: "+",
    Move.REMOVED: "-",
    Move.NEWER: "~",
    Move.OLDER: "~",
    Move.REBUILT: "=",
    Move.SCOPE: "~",
}
STYLES = {Move.ADDED: "good", Move.REMOVED: "faint", Move.OLDER: "warning"}
TITLES = {Table.PACKAGE: "packages", Table.DEPENDENCY: "dependencies", Table.RUNTIME: "runtime"}
INDENT = "  "


@iter_lines.register
def _(result: DiffResult, painter: Painter) -> Iterator[str]:
    yield f"{make_visible(result.before)} → {make_visible(result.after)}: {summary(result.review)}"
    if not result.had_lock:
        yield f"{painter.paint('warning', 'note:')} there was no lock before"
    yield from review_lines(result.review, result.installed, painter)
    yield from end_lines(result.end_of_life, painter)


@iter_lines.register
def _(result: UpdateResult, painter: Painter) -> Iterator[str]:
    verb = ("would write" if result.dry_run else "wrote") if result.changed else "kept"
    words = summary(result.review) if result.review else "nothing moves" if not result.changed else "the same answers"
    yield f"{painter.paint('good', verb)} {make_visible(str(result.project / 'devenv.lock'))}: {words}"
    yield from review_lines(result.review, result.installed, painter)
    yield from _held_lines(result.held, painter)
    yield from end_lines(result.end_of_life, painter)


@iter_lines.register
def _(result: OutdatedResult, painter: Painter) -> Iterator[str]:
    if result.packages:
        rows = [_newer_row(each) for each in result.packages]
        header, *lines = format_table([("package", "asked for", "locked", "update", "beyond"), *rows])
        yield painter.paint("faint", header)
        yield from lines
    else:
        yield "every package is the newest that answers"
    yield from _input_lines(result.inputs, painter)
    yield from _held_lines(result.held, painter)
    yield from end_lines(result.end_of_life, painter)
    if result.inputs or any(each.within or each.revised for each in result.packages):
        yield f"{painter.paint('hint', 'next:')} `devenv update --dry-run` shows what an update changes"
    beyond = next((each for each in result.packages if each.beyond and each.environment is None), None)
    if beyond is not None:
        command = make_visible(f"devenv add {beyond.name}@{beyond.beyond}")
        yield f"{painter.paint('hint', 'next:')} `{command}` goes beyond what the manifest asks for"


def _newer_row(each: NewerPackage) -> tuple[str, ...]:
    within = each.within or ("new revision" if each.revised else "")
    name = each.name if each.environment is None else f"{each.environment}: {each.name}"
    return name, each.request, each.locked, within, each.beyond or ""


def end_lines(ends: Sequence[EndOfLife], painter: Painter) -> Iterator[str]:
    """What is at its end, or soon will be."""
    if not ends:
        return
    yield "looked after until"
    today = format_time(time.time())[:10]
    rows = [(each.name, each.version or "", end_text(each, today)) for each in ends]
    for line, each in zip(format_table(rows), ends, strict=True):
        yield painter.paint("warning" if each.date < today else "name", f"{INDENT}{line}")


def _held_lines(held: Sequence[Held], painter: Painter) -> Iterator[str]:
    note = painter.paint("warning", "note:")
    for each in held:
        name, version, offered = (make_visible(text) for text in (each.name, each.version, each.offered))
        withdrawn = ", which its makers withdrew" if each.withdrawn else ""
        yield f"{note} {name} stays at {version}{withdrawn}: what answers now is older, {offered}"
    if held:
        yield f"{painter.paint('hint', 'next:')} `--allow-older` takes it"


def review_lines(review: Review, installed: InstalledChange | None, painter: Painter) -> Iterator[str]:
    """The sections of a review; none where nothing is another."""
    if not review:
        return
    yield from _input_lines(review.inputs, painter)
    for table, title in TITLES.items():
        changes = [each for each in review.packages if each.table is table]
        if changes:
            yield title
            yield from _package_lines(changes, painter)
    yield from _size_lines(review, installed)


def _input_lines(inputs: Sequence[InputChange], painter: Painter) -> Iterator[str]:
    if not inputs:
        return
    yield "inputs"
    for each in inputs:
        style = "warning" if each.goes_back else "name"
        yield f"{INDENT}{painter.paint(style, each.name)}  {make_visible(input_text(each))}"
        for text in release_texts(each):
            yield f"{INDENT * 2}{make_visible(text)}"


def _package_lines(changes: Sequence[PackageChange], painter: Painter) -> Iterator[str]:
    rows = [(SIGNS[each.move], each.title, version_text(each)) for each in changes]
    for line, each in zip(format_table(rows), changes, strict=True):
        yield painter.paint(STYLES.get(each.move, "name"), f"{INDENT}{line}")
        notes = [*move_notes(each), *reasons_text(each)]
        yield from (f"{INDENT * 3}{make_visible(note)}" for note in notes)


def _size_lines(review: Review, installed: InstalledChange | None) -> Iterator[str]:
    rows = []
    for system, size in review.downloads.items():
        words = f"{format_size(size.before)} → {format_size(size.after)}"
        rows.append((str(system), words, f"{format_delta(size.before, size.after)}, {format_size(size.new)} new"))
    if rows:
        yield "downloads"
        yield from (f"{INDENT}{line}" for line in format_table(rows))
    if installed is not None:
        before, after = (
            "unknown" if each is None else format_size(each) for each in (installed.before, installed.after)
        )
        delta = (
            format_delta(installed.before, installed.after)
            if installed.before is not None and installed.after is not None
            else "not all of it is in the store"
        )
        yield "installed"
        yield from (f"{INDENT}{line}" for line in format_table([(str(installed.system), f"{before} → {after}", delta)]))
