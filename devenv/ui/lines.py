"""The texts of results: found by a result's type, in a module that is imported when such a result is printed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from functools import singledispatch

from devenv.ui.terminal import Painter, make_visible

TEXTS = {
    "devenv.workflow.closure.results": ("devenv.ui.closure_text", "devenv.ui.graph.dot"),
    "devenv.workflow.build_results": ("devenv.ui.build_text",),
    "devenv.workflow.detect_results": ("devenv.ui.detect_text",),
    "devenv.workflow.ci.results": ("devenv.ui.ci_text",),
    "devenv.workflow.export_results": ("devenv.ui.export_text",),
    "devenv.workflow.hook_results": ("devenv.ui.hook_text",),
    "devenv.workflow.review_results": ("devenv.ui.review_text",),
    "devenv.workflow.merge_results": ("devenv.ui.merge_text",),
    "devenv.workflow.trust_results": ("devenv.ui.trust_text",),
    "devenv.workflow.results": ("devenv.ui.text", "devenv.ui.format_text"),
}
"""Modules of results → the modules that have their texts..."""
STORE_TEXTS = ("devenv.ui.store_text",)
"""...and those of all others: what looks after the store returns what the store says."""


@singledispatch
def iter_lines(result: object, painter: Painter) -> Iterator[str]:
    """The lines that tell a person of `result`, ready to print."""
    for module in TEXTS.get(type(result).__module__, STORE_TEXTS):
        importlib.import_module(module)
    known = iter_lines.dispatch(type(result))
    if known is iter_lines.dispatch(object):
        raise TypeError(f"no text for {type(result).__name__}")
    return known(result, painter)


def format_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns of visible text, two spaces apart; the last column is as long as it is."""
    widths = [max(len(make_visible(row[column])) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
    for row in rows:
        cells = [make_visible(cell) for cell in row]
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
        yield "  ".join([*padded, cells[-1]]).rstrip()
