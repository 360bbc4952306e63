"""Several outputs of one build: in which order they become objects, and how one comes to name the other.

An output is written under a scratch name, and an object's own name follows from its content. So what an output refers
to becomes an object first, and the name it turned out to have is put where the scratch name stood. Two that refer to
each other could not be named at all (FAULTS N-02).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from devenv.digest import STORE_DIGEST_LENGTH
from devenv.errors import BuildError
from devenv.nar.nodes import File, Node, Symlink

OVERLAP = STORE_DIGEST_LENGTH - 1
"""Of a digest that stands across two pieces, what the first can hold."""


def order_outputs(name: str, scratch: Mapping[str, str], nodes_of: Callable[[str], Iterable[Node]]) -> list[str]:
    """The outputs, each after those that it refers to; `scratch` has the digest each is known by meanwhile.

    Raises BuildError (`outputs-cyclic`) with the names of those that refer to each other.
    """
    if len(scratch) == 1:
        return list(scratch)
    graph = {
        output: _find_references(
            nodes_of(output), {other: digest for other, digest in scratch.items() if other != output}
        )
        for output in scratch
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        names = " and ".join(f"`{each}`" for each in sorted(set(error.args[1])))
        raise BuildError(
            f"the outputs {names} of `{name}` refer to each other",
            hint="put what they share into one of them, or make one output of both",
            slug="outputs-cyclic",
        ) from error


def _find_references(nodes: Iterable[Node], digests: Mapping[str, str]) -> set[str]:
    wanted = {output: digest.encode() for output, digest in digests.items()}
    found = set()
    for node in nodes:
        for piece in _iter_texts(node):
            found |= {output for output, digest in wanted.items() if digest in piece}
    return found


def _iter_texts(node: Node) -> Iterator[bytes]:
    """All that may hold a digest, pieces of content with the end of the piece before."""
    yield node.path[-1] if node.path else b""
    if isinstance(node, Symlink):
        yield node.target
    elif isinstance(node, File):
        tail = b""
        for piece in node.content:
            yield tail + piece
            tail = (tail + piece)[-OVERLAP:]


def renamed(nodes: Iterable[Node], names: Mapping[str, str]) -> Iterator[Node]:
    """The same nodes, in whose contents and targets the digests `names` are replaced: old → new."""
    table = [(old.encode(), new.encode()) for old, new in names.items()]
    for node in nodes:
        if not table:
            yield node
        elif isinstance(node, Symlink):
            yield Symlink(node.path, _replace(node.target, table))
        elif isinstance(node, File):
            yield File(node.path, node.executable, node.size, _iter_replaced(node.content, table))
        else:
            yield node


def _iter_replaced(pieces: Iterable[bytes], table: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
    tail = b""
    for piece in pieces:
        text = _replace(tail + piece, table)
        tail = text[-OVERLAP:]
        yield text[: len(text) - len(tail)]
    yield tail


def _replace(text: bytes, table: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in table:
        text = text.replace(old, new)
    return text
