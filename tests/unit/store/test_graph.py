"""Questions over the graph of objects, held against answers that are found by trying everything."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from devenv.store.database import Graph, ObjectRecord
from devenv.store.graph import closure_of, find_chain, plan_deletion, total_size
from devenv.store_path import StorePath

MOST = 9


def object_path(number: int) -> StorePath:
    return StorePath(f"{number:032d}", f"n{number}")


def make_graph(edges: Mapping[int, set[int]], sizes: Mapping[int, int] | None = None) -> Graph:
    """Objects by number; each came later than those with smaller numbers."""
    return {
        object_path(number): ObjectRecord((sizes or {}).get(number, 10), number, tuple(map(object_path, sorted(below))))
        for number, below in edges.items()
    }


@st.composite
def graphs(draw: st.DrawFn) -> Mapping[int, set[int]]:
    """Objects that refer to earlier ones, as an object's digest makes it be."""
    count = draw(st.integers(0, MOST))
    return {number: draw(st.sets(st.integers(0, number - 1)) if number else st.just(set())) for number in range(count)}


STARTS = st.sets(st.integers(0, MOST + 2), max_size=3)
"""Roots, some of them not valid."""


def reachable(edges: Mapping[int, set[int]], starts: set[int]) -> set[int]:
    """By adding neighbours until nothing changes."""
    found = starts & edges.keys()
    while True:
        more = found.union(*(edges[number] for number in found))
        if more == found:
            return found
        found = more


@given(graphs(), STARTS)
def test_closure(edges: Mapping[int, set[int]], starts: set[int]) -> None:
    """A closure is what can be reached; roots that are not valid keep nothing."""
    expected = {object_path(number) for number in reachable(edges, starts)}
    assert closure_of(make_graph(edges), map(object_path, starts)) == expected


@given(graphs(), STARTS, st.integers(0, MOST))
def test_chain_is_the_shortest(edges: Mapping[int, set[int]], starts: set[int], target: int) -> None:
    """`why` shows a chain that begins at a root, follows references, ends at the object, and is a shortest one."""
    chain = find_chain(make_graph(edges), map(object_path, sorted(starts)), object_path(target))
    ways = _ways(edges, starts & edges.keys(), target)
    assert bool(chain) == bool(ways)
    if chain:
        numbers = [int(path.digest) for path in chain]
        assert tuple(numbers) in ways
        assert len(numbers) == min(map(len, ways))


def _ways(edges: Mapping[int, set[int]], starts: set[int], target: int) -> set[tuple[int, ...]]:
    ways: set[tuple[int, ...]] = set()
    pending: list[tuple[int, ...]] = [(start,) for start in starts]
    while pending:
        way = pending.pop()
        if way[-1] == target:
            ways.add(way)
        pending += ((*way, below) for below in edges[way[-1]])
    return ways


@given(graphs(), STARTS)
def test_deletion_takes_exactly_the_dead(edges: Mapping[int, set[int]], roots: set[int]) -> None:
    """What no root reaches is deleted, nothing else, and nothing before what refers to it (D-08)."""
    plan = [int(dead.path.digest) for dead in plan_deletion(make_graph(edges), map(object_path, roots), ())]
    assert sorted(plan) == sorted(edges.keys() - reachable(edges, roots))
    for place, number in enumerate(plan):
        assert not any(number in edges[later] for later in plan[place + 1 :])


@given(graphs(), STARTS, st.dictionaries(st.integers(0, MOST), st.integers(0, 50)), st.integers(0, 200))
def test_deletion_stops_near_the_limit(
    edges: Mapping[int, set[int]], roots: set[int], sizes: Mapping[int, int], limit: int
) -> None:
    """With a limit, the same order is followed up to the object that reaches it (D-11)."""
    graph = make_graph(edges, sizes)
    everything = plan_deletion(graph, map(object_path, roots), ())
    plan = plan_deletion(graph, map(object_path, roots), (), limit)
    assert plan == everything[: len(plan)]
    assert sum(dead.size for dead in plan[:-1]) < max(limit, 1)
    assert sum(dead.size for dead in plan) >= limit or plan == everything


def test_older_ones_go_first() -> None:
    """Among objects that may go, those that were registered first go first; what refers to one goes before it."""
    plan = plan_deletion(make_graph({1: set(), 2: set(), 3: {1}, 4: set()}), (), ())
    assert [dead.path.name for dead in plan] == ["n2", "n3", "n1", "n4"]


def test_reasons() -> None:
    """Each dead object says why: the root that was dropped, what dead thing refers to it, or that nothing does."""
    graph = make_graph({1: set(), 2: {1}, 3: set(), 4: {3}, 5: set()})
    plan = plan_deletion(graph, (), [(object_path(2), "project deleted")])
    assert {dead.path.name: dead.reason for dead in plan} == {
        "n1": "project deleted",
        "n2": "project deleted",
        "n3": "only what is dead refers to it: n4",
        "n4": "nothing refers to it",
        "n5": "nothing refers to it",
    }


def test_dropped_root_that_another_keeps() -> None:
    """A root that was dropped deletes nothing that another root reaches."""
    graph = make_graph({1: set(), 2: {1}, 3: {1}})
    plan = plan_deletion(graph, [object_path(3)], [(object_path(2), "gone")])
    assert [dead.path.name for dead in plan] == ["n2"]


def test_total_size() -> None:
    """Sizes are summed over the given objects only."""
    assert total_size(make_graph({1: set(), 2: set(), 3: set()}, {1: 5, 2: 7}), [object_path(1), object_path(2)]) == 12


def test_forty_levels_of_two() -> None:
    """A graph with 2^40 ways through it is walked once for each object, by each question (N-08)."""
    edges: dict[int, set[int]] = {0: set(), 1: set()}
    for number in range(2, 80):
        edges[number] = {number - number % 2 - 2, number - number % 2 - 1}
    graph = make_graph(edges)
    assert len(closure_of(graph, [object_path(79)])) == 79
    assert len(find_chain(graph, [object_path(79)], object_path(0))) == 40
    assert len(plan_deletion(graph, (), [(object_path(79), "gone")])) == 80
