"""`devbox.json`: packages of Nix by name, with versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from devenv.detect.documents import find_line, lookup, parse_json, strip_comments
from devenv.detect.model import Finding, Strength, Wish
from devenv.detect.names import split_versioned
from devenv.detect.tool_versions import translate_tool


def parse_devbox(text: str, file: str) -> Iterator[Finding]:
    """`packages` as a list (`"python@3.12"`) or as a table; comments are allowed. Raises UnreadableError."""
    text = strip_comments(text)
    packages = lookup(parse_json(text), "packages")
    for shown, asked in _iter_packages(packages):
        name, _, version = shown.partition("@")
        version = version or asked
        package, own = split_versioned(name.rpartition(".")[2] or name)
        line = find_line(text, "packages", shown)
        if "#" in name or ":" in name:
            yield Finding(file, line, name, version, None, Wish((), "it is a flake of Nix"))
        else:
            wish = translate_tool(package, own if version in {"", "latest"} and own else version or "latest")
            yield Finding(file, line, name, version, package, wish, Strength.PINNED)


def _iter_packages(packages: Any) -> Iterator[tuple[str, str]]:
    """The name as it stands there, and the version that stands beside it."""
    if isinstance(packages, list):
        yield from ((each, "") for each in packages if isinstance(each, str))
    elif isinstance(packages, dict):
        for name, value in packages.items():
            version = value.get("version", "") if isinstance(value, dict) else value
            yield name, version if isinstance(version, str) else ""
