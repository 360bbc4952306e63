"""What the verbs about builds print for people; `iter_lines` finds these when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from devenv.ui.lines import format_table, iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.build_results import BuildResult, CheckResult, DerivationNode, DerivationResult, WhyRebuildResult

if TYPE_CHECKING:
    from devenv.build.again import Rebuilt
    from devenv.build.compare import TreeDifference
    from devenv.derivation.compare import Difference

KEY_DIGITS = 12
SHOWN_DIFFERENCES = 12
"""Differences of an output that are shown; `--json` has more."""


def short_key(key: str) -> str:
    """The first digits of a key, which all verbs take."""
    return key.removeprefix("blake3:")[:KEY_DIGITS]


@iter_lines.register
def _(result: BuildResult, painter: Painter) -> Iterator[str]:
    for each in result.builds:
        verb = painter.paint("good", "built" if each.fresh else "kept")
        place = str(each.path) if each.link is None else f"{each.link.name} → {each.path}"
        yield f"{verb} {painter.paint('name', each.name)} {make_visible(place)}"
    for rebuilt in result.rebuilt:
        yield from _rebuilt(rebuilt, painter)


def _rebuilt(rebuilt: Rebuilt, painter: Painter) -> Iterator[str]:
    name = rebuilt.derivation if rebuilt.output == "out" else f"{rebuilt.derivation} ({rebuilt.output})"
    if rebuilt.first == rebuilt.second:
        yield f"{painter.paint('good', 'same')} {make_visible(name)} came out alike, bit for bit"
        return
    yield f"{painter.paint('error', 'differs')} {make_visible(name)}: {rebuilt.first} and {rebuilt.second}"
    for difference in rebuilt.differences[:SHOWN_DIFFERENCES]:
        yield from _tree_difference(difference)
    if len(rebuilt.differences) > SHOWN_DIFFERENCES:
        yield f"  … and {len(rebuilt.differences) - SHOWN_DIFFERENCES} more"


def _tree_difference(difference: TreeDifference) -> Iterator[str]:
    count = "" if difference.count is None else f": {difference.count} bytes, the first at {difference.offset}"
    embedded = f" (near it: {', '.join(difference.embedded)})" if difference.embedded else ""
    yield f"  {make_visible(difference.path)} {difference.what}{count}{embedded}"
    for text in (difference.first, difference.second):
        if text is not None:
            yield f"    {make_visible(text)}"


@iter_lines.register
def _(result: CheckResult, painter: Painter) -> Iterator[str]:
    for each in result.checks:
        if each.passed:
            note = "" if each.fresh else " (on the same content before)"
            yield f"{painter.paint('good', 'passed')} {painter.paint('name', each.name)}{note}"
            continue
        name = painter.paint("name", each.name)
        yield f"{painter.paint('error', 'failed')} {name}: {make_visible(each.reason or '')}"
        yield from (f"  {make_visible(line)}" for line in each.last_lines)


@iter_lines.register
def _(result: DerivationResult, painter: Painter) -> Iterator[str]:
    yield from _node(result.tree, painter, "", "")
    yield ""
    yield "`--json` shows all that the key is made of"


def _node(node: DerivationNode, painter: Painter, first: str, rest: str) -> Iterator[str]:
    role = "" if node.role is None else f"{node.role} "
    files = f", {node.files} {'file' if node.files == 1 else 'files'}" if node.files else ""
    state = "" if node.output is None else ", in the store"
    note = " (see above)" if node.repeated else ""
    yield (
        f"{first}{role}{painter.paint('name', make_visible(node.name))} {short_key(node.key)} "
        f"({node.builder}{files}{state}){note}"
    )
    for number, each in enumerate(node.inputs):
        last = number == len(node.inputs) - 1
        yield from _node(each, painter, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


@iter_lines.register
def _(result: WhyRebuildResult, painter: Painter) -> Iterator[str]:
    if not result.differences:
        yield f"{painter.paint('good', 'same')} {short_key(result.before)} and {short_key(result.after)} do not differ"
        return
    for difference in result.differences:
        yield from _difference(difference, painter)


def _difference(difference: Difference, painter: Painter) -> Iterator[str]:
    path = " → ".join(difference.path)
    where = f"{painter.paint('name', make_visible(path))}: " if path else ""
    verb = "is new" if difference.before is None else "is gone" if difference.after is None else "differs"
    yield f"{where}{make_visible(difference.what)} {verb}"
    sides = [("-", difference.before), ("+", difference.after)]
    lines = [(sign, line) for sign, text in sides if text for line in text.split("\n")]
    yield from (f"  {line}" for line in format_table(lines))
