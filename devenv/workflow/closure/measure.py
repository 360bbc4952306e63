"""How big members of an environment are, alone and together: pure questions over sizes and what refers to what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from devenv.workflow.closure.results import Measure

Pieces = Mapping[str, int]
"""What a member consists of, each piece with its bytes; a piece of several members counts once."""


def reach(needs: Mapping[str, Collection[str]], start: str) -> frozenset[str]:
    """`start` and all that it needs, and so on."""
    found: set[str] = set()
    pending = [start]
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending += needs.get(key, ())
    return frozenset(found)


def measure_all(
    pieces: Mapping[str, Pieces], needs: Mapping[str, Collection[str]], asked: Iterable[str]
) -> dict[str, Measure]:
    """The measures of all members (those of `pieces`) of an environment in which `asked` were asked for."""
    reached = {key: reach(needs, key) for key in pieces}
    whole = {key: join(pieces[each] for each in keys if each in pieces) for key, keys in reached.items()}
    starts = [key for key in asked if key in whole]
    measures = {}
    for key, closure in whole.items():
        others = set[str]().union(*(whole[each] for each in starts if key not in reached[each]))
        alone = sum(size for piece, size in closure.items() if piece not in others)
        measures[key] = Measure(sum(pieces[key].values()), sum(closure.values()), alone)
    return measures


def join(parts: Iterable[Pieces]) -> dict[str, int]:
    """All pieces of several members, each once."""
    joined: dict[str, int] = {}
    for part in parts:
        joined.update(part)
    return joined
