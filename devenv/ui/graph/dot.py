"""An environment in the language of Graphviz (`dot`): members, what they need, and (dashed) what they are made with.

Every name and text is a quoted string: https://graphviz.org/doc/info/lang.html
"""

from __future__ import annotations

from collections.abc import Iterator

from devenv.sizes import format_size
from devenv.ui.lines import iter_lines
from devenv.ui.terminal import Painter, make_visible
from devenv.workflow.closure.results import ClosureResult, Member, Part

ROOT = "environment"
COLOURS = {Part.PACKAGE: "#cfe3ff", Part.DEPENDENCY: "#ffe5c2", Part.RUNTIME: "#d8f0d0", Part.OBJECT: "#eeeeee"}


@iter_lines.register
def format_dot(closure: ClosureResult, painter: Painter) -> Iterator[str]:
    """The lines of a directed graph; the same closure always gives the same."""
    del painter
    yield f"digraph {quote(closure.project.name)} {{"
    yield "  rankdir=LR;"
    yield '  node [shape=box, style="rounded,filled", fontname="sans-serif"];'
    yield f"  {quote(ROOT)} [label={_label(closure.project.name, str(closure.system))}, fillcolor={quote('#ffffff')}];"
    for member in closure.members.values():
        yield f"  {quote(member.key)} [label={_member_label(member)}, fillcolor={quote(COLOURS[member.part])}];"
    for key in closure.asked:
        yield f"  {quote(ROOT)} -> {quote(key)};"
    for member in closure.members.values():
        for key in member.needs:
            yield f"  {quote(member.key)} -> {quote(key)};"
        for key in member.made_with:
            if key not in member.needs:
                yield f"  {quote(member.key)} -> {quote(key)} [style=dashed];"
    yield "}"


def _member_label(member: Member) -> str:
    size = member.installed or member.download
    note = "" if member.installed is not None else " to download"
    words = [member.name] if member.version is None else [member.name, member.version]
    return _label(" ".join(words), f"{format_size(size.own)}{note}")


def quote(text: str) -> str:
    """A quoted string that means `text`, in which Graphviz finds neither escapes nor entities."""
    return f'"{_escape(text)}"'


def _label(*lines: str) -> str:
    return '"' + r"\n".join(_escape(line) for line in lines) + '"'


def _escape(text: str) -> str:
    return make_visible(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
