"""`devenv graph`: an environment, and what is needed to draw it."""

from __future__ import annotations

import os
from pathlib import Path

from devenv.errors import UsageError
from devenv.fsutil import write_atomic
from devenv.workflow.closure.contents import Content, measure_contents
from devenv.workflow.closure.results import ClosureResult, DrawnResult
from devenv.workflow.tools import Tools

DETAIL = 3000
"""Which part of the whole a file or a directory must be to be told apart: a smaller one nobody could see."""


def find_contents(tools: Tools, closure: ClosureResult) -> dict[str, Content]:
    """What the members consist of that are in the store, by their keys."""
    least = max(1, sum(each.installed.own for each in closure.members.values() if each.installed) // DETAIL)
    return {
        key: _measure_object(str(tools.store.path(member.output)), least)
        for key, member in closure.members.items()
        if member.output is not None and member.present
    }


def _measure_object(path: str, least: int) -> Content:
    if os.path.isdir(path) and not os.path.islink(path):
        return measure_contents(path, least)
    try:
        return Content(os.path.basename(path), os.lstat(path).st_size)
    except OSError:
        return Content(os.path.basename(path), 0)


def write_drawing(page: bytes, path: Path) -> DrawnResult:
    """Write the page into a file, which appears when it is complete. Raises UsageError (`drawing-unfit`)."""
    if os.path.lexists(path) and not path.is_file():
        raise UsageError(f"`{path}` is there, and is no file", hint="name another file", slug="drawing-unfit")
    write_atomic(path, page)
    return DrawnResult(path, len(page))
