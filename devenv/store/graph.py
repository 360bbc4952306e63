"""What refers to what, as pure questions over a graph: closures, chains from a root, what is dead and why."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from devenv.store.database import Graph
from devenv.store_path import StorePath


@dataclass(frozen=True, slots=True)
class DeadObject:
    """An object that nothing keeps alive: the bytes of its NAR, and why it is dead, for people."""

    path: StorePath
    size: int
    reason: str


def closure_of(graph: Graph, starts: Iterable[StorePath]) -> set[StorePath]:
    """The objects at `starts` and everything they refer to; what is not valid is left out."""
    found: set[StorePath] = set()
    pending = [path for path in starts if path in graph]
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending += graph[path].references
    return found


def total_size(graph: Graph, paths: Iterable[StorePath]) -> int:
    """Bytes of the NARs of `paths`."""
    return sum(graph[path].size for path in paths)


def find_chain(graph: Graph, starts: Iterable[StorePath], target: StorePath) -> Sequence[StorePath]:
    """The shortest way along references from one of `starts` to `target`, both included; empty where there is none."""
    came_from: dict[StorePath, StorePath | None] = {path: None for path in starts if path in graph}
    pending = list(came_from)
    for path in pending:  # Grows while it is walked: breadth first.
        if path == target:
            return _walk_back(came_from, path)
        for reference in graph[path].references:
            if reference not in came_from:
                came_from[reference] = path
                pending.append(reference)
    return ()


def _walk_back(came_from: Mapping[StorePath, StorePath | None], path: StorePath) -> Sequence[StorePath]:
    chain: list[StorePath] = []
    step: StorePath | None = path
    while step is not None:
        chain.append(step)
        step = came_from[step]
    return chain[::-1]


def plan_deletion(
    graph: Graph, roots: Iterable[StorePath], dropped: Sequence[tuple[StorePath, str]], max_freed: int | None = None
) -> tuple[DeadObject, ...]:
    """What is dead when only `roots` count, in an order in which nothing is deleted before what refers to it.

    `dropped` are former roots, each with the reason why it is none any more. With `max_freed`, the first ones only,
    until their sizes reach that many bytes; older ones come first.
    """
    dead = graph.keys() - closure_of(graph, roots)
    reasons = _find_reasons(graph, dead, dropped)
    plan: list[DeadObject] = []
    freed = 0
    for path in _order_for_deletion(graph, dead):
        if max_freed is not None and freed >= max_freed:
            break
        plan.append(DeadObject(path, graph[path].size, reasons[path]))
        freed += graph[path].size
    return tuple(plan)


def _find_reasons(graph: Graph, dead: set[StorePath], dropped: Sequence[tuple[StorePath, str]]) -> dict[StorePath, str]:
    reasons: dict[StorePath, str] = {}
    for root, reason in dropped:
        pending = [root] if root in dead else []
        while pending:
            path = pending.pop()
            if path not in reasons:
                reasons[path] = reason
                pending += graph[path].references
    referrers = {reference: path for path in dead for reference in graph[path].references}
    for path in dead - reasons.keys():
        referrer = referrers.get(path)
        reasons[path] = (
            "nothing refers to it" if referrer is None else f"only what is dead refers to it: {referrer.name}"
        )
    return reasons


def _order_for_deletion(graph: Graph, dead: set[StorePath]) -> Iterable[StorePath]:
    """Referrers first; among those that could be next, the one that was registered first."""
    waiting: dict[StorePath, int] = defaultdict(int)
    for path in dead:
        for reference in graph[path].references:
            waiting[reference] += 1
    ready = [(graph[path].registered, path) for path in dead if not waiting[path]]
    heapq.heapify(ready)
    while ready:
        _, path = heapq.heappop(ready)
        yield path
        for reference in graph[path].references:
            waiting[reference] -= 1
            if not waiting[reference] and reference in dead:
                heapq.heappush(ready, (graph[reference].registered, reference))
