"""`fetch/1`: one artifact → a tree with that file. The download itself is over: artifacts are fixed by hash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from devenv.build.assemble import NewFile, iter_nodes, parse_destination
from devenv.build.builders.request import BuilderRequest
from devenv.nar.nodes import Node

PIECE_BYTES = 1 << 20


class FetchArguments(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`name` is the file's destination (`bin/tool`)."""

    name: str
    executable: bool = False


def build_fetch(request: BuilderRequest) -> Iterator[Node]:
    """The nodes of the tree."""
    arguments = request.arguments_as(FetchArguments)
    source = request.require_source()
    file = NewFile(arguments.executable, source.stat().st_size, lambda: _iter_pieces(source))
    yield from iter_nodes({parse_destination(arguments.name): file})


def _iter_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
