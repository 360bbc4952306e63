"""`pyproject.toml`: the Pythons that the project works with, and tools that it configures."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.detect.documents import lookup, parse_toml, value_line
from devenv.detect.model import Finding, Strength
from devenv.detect.requests import translate_poetry, translate_python

TOOLS = ("ruff", "uv", "maturin")
"""Tables below `[tool]` of programs that are packages here."""


def parse_pyproject(text: str, file: str) -> Iterator[Finding]:
    """Raises UnreadableError."""
    document = parse_toml(text, file)
    asked = lookup(document.data, "project", "requires-python")
    poetry = lookup(document.data, "tool", "poetry", "dependencies", "python")
    if isinstance(asked, str):
        line = value_line(document, "project", "requires-python")
        yield Finding(file, line, "python", asked, "python", translate_python(asked), Strength.RANGE)
    elif not isinstance(poetry, str):
        yield Finding(file, 1, "python", "", "python")
    if isinstance(poetry, str):
        line = value_line(document, "tool", "poetry", "dependencies", "python")
        yield Finding(file, line, "python", poetry, "python", translate_poetry(poetry), Strength.RANGE)
    tables = lookup(document.data, "tool")
    for name in TOOLS:
        if isinstance(tables, dict) and name in tables:
            yield Finding(file, value_line(document, "tool", name), name, "", name)
