"""Spells errors: the one place that does."""

from __future__ import annotations

from typing import Any

from devenv.errors import DevenvError
from devenv.ui.terminal import Painter, make_visible


def write_failure(error: DevenvError, painter: Painter) -> None:
    """Print an error for people: message, place, details, next step."""
    head = painter.paint("error", f"{error.domain} error:")
    painter.write_line(f"{head} {make_visible(error.message)}")
    if error.place is not None:
        painter.write_line(f"  at {make_visible(str(error.place))}")
    for detail in error.details:
        painter.write_line(f"  {make_visible(detail)}")
    if error.hint is not None:
        painter.write_line(f"{painter.paint('hint', 'hint:')} {make_visible(error.hint)}")


def failure_data(error: DevenvError) -> dict[str, Any]:
    """An error as plain data, for `--json`."""
    place = error.place
    return {
        "domain": error.domain,
        "slug": error.slug,
        "message": error.message,
        "hint": error.hint,
        "place": None if place is None else {"file": place.file, "line": place.line, "column": place.column},
        "details": list(error.details),
        "exit_code": error.exit_code,
    }
