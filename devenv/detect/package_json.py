"""`package.json`: what the project says it runs on (`engines`, `devEngines`, `volta`, `packageManager`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from devenv.detect.documents import find_line, lookup, parse_json
from devenv.detect.model import Finding, Strength
from devenv.detect.requests import translate_npm, translate_pin

WITH_NODE = frozenset({"npm", "npx", "corepack"})
"""Programs that the package `nodejs` has."""


def parse_package_json(text: str, file: str) -> Iterator[Finding]:
    """Raises UnreadableError."""
    data = parse_json(text)
    yield Finding(file, 1, "node", "", "nodejs")
    pinned = lookup(data, "volta", "node")
    if isinstance(pinned, str):
        line = find_line(text, "volta", "node")
        yield Finding(file, line, "node", pinned, "nodejs", translate_pin(pinned), Strength.PINNED)
    engines = lookup(data, "engines")
    for tool, asked in engines.items() if isinstance(engines, dict) else ():
        if isinstance(asked, str) and tool not in WITH_NODE:
            package = "nodejs" if tool == "node" else tool
            yield Finding(
                file, find_line(text, "engines", tool), tool, asked, package, translate_npm(asked), Strength.RANGE
            )
    yield from _iter_development(data, text, file)
    manager = lookup(data, "packageManager")
    if isinstance(manager, str):
        tool, _, version = manager.partition("@")
        if tool not in WITH_NODE:
            version = version.partition("+")[0]
            line = find_line(text, "packageManager")
            yield Finding(file, line, tool, version, tool, translate_pin(version), Strength.PINNED)


def _iter_development(data: Any, text: str, file: str) -> Iterator[Finding]:
    """`devEngines`: one runtime and one package manager, or a list of each, in which the first counts."""
    for kind in ("runtime", "packageManager"):
        said = lookup(data, "devEngines", kind)
        said = said[0] if isinstance(said, list) and said else said
        tool, asked = lookup(said, "name"), lookup(said, "version")
        if isinstance(tool, str) and tool not in WITH_NODE:
            asked = asked if isinstance(asked, str) else ""
            package = "nodejs" if tool == "node" else tool
            line = find_line(text, "devEngines", kind, "name")
            yield Finding(file, line, tool, asked, package, translate_npm(asked), Strength.RANGE)
