"""`text/1`: literal texts → a tree with those files."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from devenv.build.assemble import NewFile, iter_nodes, parse_destination
from devenv.build.builders.request import BuilderRequest
from devenv.nar.nodes import Node


class TextFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One file; `text` is written as UTF-8."""

    text: str
    executable: bool = False


class TextArguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Destination → file."""

    files: dict[str, TextFile]


def build_text(request: BuilderRequest) -> Iterator[Node]:
    """The nodes of the tree."""
    files = request.arguments_as(TextArguments).files
    yield from iter_nodes({parse_destination(destination): _new_file(file) for destination, file in files.items()})


def _new_file(file: TextFile) -> NewFile:
    content = file.text.encode()
    return NewFile(file.executable, len(content), lambda: [content])
