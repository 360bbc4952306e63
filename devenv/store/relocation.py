"""Takes objects from under one store root to another: roots have one length, so only bytes are replaced.

An object that was made in another home directory, or travelled in an archive under the canonical root, is read as
nodes, its root is replaced on the way, and it is added like any other; what it turns out to be is compared with its
name (DESIGN section 3).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from devenv.errors import StoreError, UsageError
from devenv.events import Report, Step
from devenv.nar.nodes import File, Node, Symlink
from devenv.store.adding import Output
from devenv.store.check import examine
from devenv.store.layout import iter_objects
from devenv.store.scan import iter_places
from devenv.store.store import Store
from devenv.store.tree import iter_tree
from devenv.store_path import ROOT_LENGTH, StorePath, find_store_path


def rewrite_root(nodes: Iterable[Node], old: bytes, new: bytes) -> Iterator[Node]:
    """The same tree with every occurrence of the root `old` in contents and targets replaced by `new`.

    Both are 80 bytes. Occurrences are found however the contents are cut into pieces (FAULTS F-14).
    """
    for node in nodes:
        match node:
            case File(path, executable, size, content):
                yield File(path, executable, size, _rewrite_pieces(content, old, new))
            case Symlink(path, target):
                yield Symlink(path, target.replace(old, new))
            case _:
                yield node


def _rewrite_pieces(pieces: Iterable[bytes], old: bytes, new: bytes) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        block = rest + piece
        limit = max(len(block) - len(old) + 1, 0)
        written, end = _replace(block, old, new, limit)
        yield written
        rest = block[end:]
    if rest:
        yield rest


def _replace(block: bytes, old: bytes, new: bytes, limit: int) -> tuple[bytes, int]:
    """`block` with what begins before `limit` replaced, up to there or to the end of the last match; and that place."""
    parts: list[bytes] = []
    position = 0
    for start in iter_places(block, old, limit):
        parts += (block[position:start], new)
        position = start + len(old)
    end = max(position, limit)
    return b"".join((*parts, block[position:end])), end


def relocate(store: Store, places: Iterable[Path], report: Report) -> list[StorePath]:
    """Take the objects at `places`, in stores of other roots, with all they refer to there. Returns their paths here.

    Raises UsageError (`not-an-object`) where a place is no object of a store, StoreError where one is damaged.
    """
    targets = []
    for place in places:
        root, path = _parse_place(place)
        report(Step(f"relocating {path.name}"))
        order = _order_closure(root, path)
        store.keep(order)
        missing = [each for each in order if not store.is_valid(each)]
        list(store.add_all(_read_output(store, root, each, order[each]) for each in missing))
        targets.append(path)
    return targets


def _parse_place(place: Path) -> tuple[Path, StorePath]:
    absolute = Path(os.path.abspath(place))
    path = find_store_path(absolute.name)
    if path is None or len(os.fsencode(absolute.parent)) != ROOT_LENGTH or not os.path.lexists(absolute):
        raise UsageError(
            f"`{place}` is no object in a store",
            hint="give the whole path of an object: a root of 80 bytes, then `<digest>-<name>`",
            slug="not-an-object",
        )
    return absolute.parent, path


def _order_closure(root: Path, target: StorePath) -> dict[StorePath, frozenset[StorePath]]:
    """`target` and all it refers to in the store at `root`, each behind what it refers to, with its references."""
    neighbours: dict[str, list[StorePath]] = {}
    for path in iter_objects(root):
        neighbours.setdefault(path.digest, []).append(path)
    candidates = frozenset(neighbours)
    references: dict[StorePath, frozenset[StorePath]] = {}
    pending = [target]
    while pending:
        path = pending.pop()
        if path not in references:
            examined = examine(root, path, candidates)
            if examined.digest != path.digest:
                raise _damaged(root, path)
            references[path] = frozenset(each for digest in examined.references for each in neighbours[digest])
            pending += references[path]
    return _sort(references)


def _sort(references: Mapping[StorePath, frozenset[StorePath]]) -> dict[StorePath, frozenset[StorePath]]:
    from graphlib import TopologicalSorter

    return {path: references[path] for path in TopologicalSorter(references).static_order()}


def _damaged(root: Path, path: StorePath) -> StoreError:
    return StoreError(
        f"`{root / str(path)}` has another content than its name says",
        hint="it was damaged or forged: get it from somewhere else",
        slug="object-mismatch",
    )


def _read_output(store: Store, root: Path, path: StorePath, references: frozenset[StorePath]) -> Output:
    nodes = rewrite_root(iter_tree(root / str(path)), os.fsencode(root), os.fsencode(store.root))
    return Output(nodes, path.name, path.digest, references, expected=path)
