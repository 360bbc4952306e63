"""What has to be built for some targets: a pure question to the store, answered without looking below what is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from devenv.derivation.model import Derivation, Input
from devenv.store.store import Store
from devenv.store_path import StorePath


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done: nothing for what is `known`; `builds` in an order in which inputs come first."""

    known: Mapping[Input, StorePath] = field(default_factory=dict)
    builds: tuple[Derivation, ...] = ()

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The digests of all artifacts that the builds need, in order, each once."""
        return tuple(dict.fromkeys(source for each in self.builds for source in each.sources))

    def sorter(self) -> TopologicalSorter[Derivation]:
        """The builds, each ready when those that it needs are done."""
        builds = set(self.builds)
        return TopologicalSorter(
            {each: {one.derivation for one in each.inputs if one.derivation in builds} for each in self.builds}
        )


def plan_realization(store: Store, targets: Iterable[Derivation]) -> Plan:
    """Walk from the targets down to what is known: a derivation of which every output is."""
    known: dict[Input, StorePath] = {}
    seen: set[Derivation] = set()
    graph: dict[Derivation, set[Derivation]] = {}
    pending = list(targets)
    while pending:
        derivation = pending.pop()
        if derivation in seen:
            continue
        seen.add(derivation)
        outputs = find_outputs(store, derivation, derivation.key)
        if outputs is not None:
            known |= {Input(derivation, output): path for output, path in outputs.items()}
            continue
        graph[derivation] = {each.derivation for each in derivation.inputs}
        pending.extend(graph[derivation])
    order = TopologicalSorter(graph).static_order()
    return Plan(known, tuple(derivation for derivation in order if derivation in graph))


def find_outputs(store: Store, derivation: Derivation, key: str) -> dict[str, StorePath] | None:
    """The objects of all outputs under `key` (the derivation's own, or its resolved one); None where one is missing."""
    outputs = {}
    for output in derivation.outputs:
        path = store.find_realisation(key, output)
        if path is None:
            return None
        outputs[output] = path
    return outputs
