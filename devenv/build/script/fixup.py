"""What a build left on disk → nodes. For now as it is; special files are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.nar.nodes import Node
from devenv.store.tree import iter_tree


@dataclass(frozen=True, slots=True)
class FixupRequest:
    """An output, and what it may refer to."""

    name: str
    tree: Path
    out: Path
    inputs: tuple[Path, ...]
    tools: tuple[Path, ...]
    runtime: Path | None
    store_root: Path
    build_directory: bytes
    report_leftover: Callable[[str], None]
    siblings: tuple[Path, ...]


def iter_output(request: FixupRequest) -> Iterator[Node]:
    """The nodes of the output."""
    yield from iter_tree(request.tree)
