"""What the verbs that look after the store print for people; `iter_lines` finds these when they are needed."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.sizes import format_size
from devenv.store.rebuilding import Rebuilding
from devenv.store.verification import Finding, Verification
from devenv.ui.lines import format_table, iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.store_results import (
    CollectResult,
    LinkResult,
    RepairResult,
    RootsResult,
    TransferResult,
    UsageResult,
    WhyResult,
)


@iter_lines.register
def _(result: UsageResult, painter: Painter) -> Iterator[str]:
    if result.projects:
        yield painter.paint("name", "    total       own  generations  project")
    for usage in result.projects:
        note = "" if usage.presence == "present" else f" ({usage.presence})"
        columns = f"{format_size(usage.total):>9} {format_size(usage.own):>9}  {usage.generations:>11}"
        yield f"{columns}  {make_visible(str(usage.project))}{note}"
    if result.shared:
        yield f"{format_size(result.shared):>9}  shared between projects"
    if result.other:
        yield f"{format_size(result.other):>9}  kept by links and processes only"
    if result.dead:
        yield f"{format_size(result.dead):>9}  needed by nothing: `devenv gc` deletes it"
    yield f"{format_size(result.total):>9}  in {_count(result.objects, 'object')}"


@iter_lines.register
def _(result: CollectResult, painter: Painter) -> Iterator[str]:
    would = "would delete" if result.dry_run else "deleted"
    for each in result.generations:
        yield f"{would} generation {each.generation} of {make_visible(each.project)}: {make_visible(each.reason)}"
    if result.dry_run:
        yield from format_table([(format_size(each.size), each.path, each.reason) for each in result.objects])
    freed = f", {format_size(result.disk_freed)} of the disk" if result.disk_freed and not result.dry_run else ""
    what = painter.paint("good", would)
    yield f"{what} {_count(len(result.objects), 'object')}, {format_size(result.size)} of contents{freed}"
    if result.logs:
        yield f"{what} {_count(result.logs, 'old record')} of builds"
    for name in result.foreign:
        yield f"{painter.paint('warning', 'note:')} {make_visible(name)} in the store is not devenv's; it stays"
    for text in result.failures:
        yield f"{painter.paint('warning', 'note:')} {make_visible(text)}"
    if result.over_budget is not None:
        over = format_size(result.over_budget)
        yield f"{painter.paint('warning', 'note:')} what is in use exceeds the budget by {over}"
    yield from iter_lines(result.usage, painter)


@iter_lines.register
def _(result: RootsResult, painter: Painter) -> Iterator[str]:
    del painter
    yield from format_table([(root.kind.value, str(root.object), root.name) for root in result.roots])


@iter_lines.register
def _(result: WhyResult, painter: Painter) -> Iterator[str]:
    if result.origins:
        from devenv.ui.origin_text import origin_lines

        for origin in result.origins:
            yield from origin_lines(origin, painter)
    if result.path is None:
        return
    if result.root is None:
        yield f"nothing keeps {'it' if result.origins else result.path}: `devenv gc` would delete it"
        return
    kept = "kept by " if result.origins else ""
    yield f"{kept}{painter.paint('name', result.root.kind.value)} {make_visible(result.root.name)}"
    for depth, path in enumerate(result.chain):
        yield f"{'  ' * min(depth, 10)}→ {path}"


@iter_lines.register
def _(result: Verification, painter: Painter) -> Iterator[str]:
    yield from _findings(result.findings, painter)
    wrong = f", {len(result.findings)} wrong" if result.findings else ""
    word = painter.paint("warning" if result.findings else "good", "verified")
    yield f"{word} {_count(result.checked, 'object')}, {format_size(result.size)}{wrong}"
    if result.findings:
        yield f"{painter.paint('hint', 'next:')} `devenv store repair`"


@iter_lines.register
def _(result: RepairResult, painter: Painter) -> Iterator[str]:
    for path in result.repaired:
        yield f"{painter.paint('good', 'repaired')} {path}"
    for each in result.lost:
        yield f"{painter.paint('warning', 'lost')} {each.name} ({each.problem}): {make_visible(each.text)}"
    if result.lost:
        yield f"{painter.paint('hint', 'next:')} `devenv store import` brings what an archive has"
    elif not result.repaired:
        yield f"{painter.paint('good', 'nothing')} is damaged"


@iter_lines.register
def _(result: Rebuilding, painter: Painter) -> Iterator[str]:
    yield from _findings(result.findings, painter)
    what = f"{_count(result.objects, 'object')} and {_count(result.realisations, 'realisation')}"
    yield f"{painter.paint('good', 'rebuilt')} the database: {what}"


@iter_lines.register
def _(result: TransferResult, painter: Painter) -> Iterator[str]:
    into = "" if result.file is None else f" in {make_visible(str(result.file))}"
    yield f"{painter.paint('good', 'done:')} {_count(len(result.paths), 'object')}{into}"
    yield from (f"  {path}" for path in result.paths)


@iter_lines.register
def _(result: LinkResult, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint('good', 'linked')} {make_visible(str(result.link))} → {result.path}"


def _findings(findings: tuple[Finding, ...], painter: Painter) -> Iterator[str]:
    for each in findings:
        yield f"{painter.paint('warning', each.problem)} {each.name}: {make_visible(each.text)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
