"""`.tool-versions` of asdf and `mise.toml`: a line a tool, whatever tool it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from devenv.detect.documents import lookup, parse_toml, value_line
from devenv.detect.model import ANY, Finding, Strength, Wish
from devenv.detect.names import find_package
from devenv.detect.requests import translate_pin
from devenv.detect.rust_files import translate_channel
from devenv.detect.version_files import translate_cpython, translate_java, translate_mri, translate_node

OWN_TRANSLATIONS = {
    "nodejs": translate_node,
    "python": translate_cpython,
    "ruby": translate_mri,
    "openjdk": translate_java,
    "rust": translate_channel,
}
ELSEWHERE = ("path:", "ref:", "tag:", "branch:", "rev:")


def translate_tool(package: str, asked: str) -> Wish:
    """A version as asdf and mise write it for a package."""
    if asked == "system":
        return Wish((ANY,), "the system's may be any")
    if asked.startswith(ELSEWHERE):
        return Wish((), f"`{asked}` is no release")
    return OWN_TRANSLATIONS.get(package, translate_pin)(asked)


def make_finding(file: str, line: int, tool: str, asked: str) -> Finding:
    """What a line says that asks for a tool by its name."""
    package = find_package(tool)
    return Finding(file, line, tool, asked, package, translate_tool(package, asked), Strength.PINNED)


def parse_tool_versions(text: str, file: str) -> Iterator[Finding]:
    """`nodejs 20.11.1`: the first of several versions counts, the others stand in for it."""
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition("#")[0].split()
        if words:
            yield make_finding(file, number, words[0], words[1] if len(words) > 1 else "latest")


def parse_mise(text: str, file: str) -> Iterator[Finding]:
    """`[tools]`: text, a list of texts of which the first counts, or a table with `version`. Raises UnreadableError."""
    document = parse_toml(text, file)
    tools = lookup(document.data, "tools")
    for tool, value in tools.items() if isinstance(tools, dict) else ():
        asked = _find_version(value)
        if asked is not None:
            yield make_finding(file, value_line(document, "tools", tool), _plain_name(tool), asked)


def _find_version(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("version", "latest")
    return value if isinstance(value, str) else None


def _plain_name(tool: str) -> str:
    """`core:node`, `aqua:jqlang/jq` and `asdf:mise-plugins/mise-jq` are these tools from certain places."""
    backend, colon, rest = tool.partition(":")
    return rest.rpartition("/")[2] if colon and backend in {"aqua", "core", "asdf", "ubi", "github"} else tool
