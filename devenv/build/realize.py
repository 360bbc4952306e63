"""Realizes derivations: finds what is there, fetches what is missing, builds the rest in order, each key once.

A derivation whose output is known needs nothing below it. All artifacts that the rest needs are fetched first, in
parallel, each fixed by its hash; then builders run, as many at once as there are processors, in the order of a
topological sort. A build holds the lock of its derivation's key: of several processes one builds, the others find. The
first failure, or Ctrl-C, stops the others at the next piece of a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Protocol

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import Advance, BuilderRequest
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.errors import BuildError
from devenv.events import Report, work
from devenv.nar.nodes import File, Node
from devenv.store.adding import Output
from devenv.store.store import Store
from devenv.store_path import StorePath
from devenv.workers import Crew, current_check

Artifacts = Mapping[str, Path]
"""SHA-256 (64 hexadecimal digits) → a verified file."""


class FetchArtifacts(Protocol):
    """Brings artifacts here: from SHA-256 digests to verified files. Raises FetchError."""

    def __call__(self, digests: Sequence[str], /) -> Artifacts:
        """The files by digest."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done: nothing for what is `known`; `builds` in an order in which inputs come first."""

    known: Mapping[Derivation, StorePath] = field(default_factory=dict)
    builds: tuple[Derivation, ...] = ()

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The digests of all artifacts that the builds need, in order, each once."""
        return tuple(dict.fromkeys(source for each in self.builds for source in each.sources))


def plan_realization(store: Store, targets: Iterable[Derivation]) -> Plan:
    """Walk from the targets down to what is known."""
    known: dict[Derivation, StorePath] = {}
    graph: dict[Derivation, set[Derivation]] = {}
    pending = list(targets)
    while pending:
        derivation = pending.pop()
        if derivation in known or derivation in graph:
            continue
        path = store.find_realisation(derivation.key, MAIN_OUTPUT)
        if path is not None:
            known[derivation] = path
            continue
        graph[derivation] = {each.derivation for each in derivation.inputs}
        pending.extend(graph[derivation])
    order = TopologicalSorter(graph).static_order()
    return Plan(known, tuple(derivation for derivation in order if derivation in graph))


def realize(
    store: Store, targets: Sequence[Derivation], fetch: FetchArtifacts, report: Report
) -> dict[Derivation, StorePath]:
    """Realize the targets and what they need; returns the object of every derivation that was looked at.

    Raises FetchError and BuildError; what was completed before stays in the store and is found the next time.
    """
    plan = plan_realization(store, targets)
    realized = dict(plan.known)
    if plan.builds:
        artifacts = fetch(plan.artifacts)
        _build_all(_Builds(store, artifacts, report, realized), plan)
    return realized


@dataclass(frozen=True, slots=True)
class _Builds:
    store: Store
    artifacts: Artifacts
    report: Report
    realized: dict[Derivation, StorePath]


def _build_all(builds: _Builds, plan: Plan) -> None:
    sorter = TopologicalSorter(
        {each: {one.derivation for one in each.inputs} - set(plan.known) for each in plan.builds}
    )
    sorter.prepare()
    with Crew[Derivation, StorePath](lambda derivation: _build_once(builds, derivation), os.cpu_count() or 1) as crew:
        while sorter.is_active():
            for derivation in sorter.get_ready():
                crew.submit(derivation)
            outcome = crew.take()
            builds.realized[outcome.task] = outcome.require()
            sorter.done(outcome.task)


def _build_once(builds: _Builds, derivation: Derivation) -> StorePath:
    store = builds.store
    with store.lock(derivation.key.replace(":", "-")):
        path = store.find_realisation(derivation.key, MAIN_OUTPUT)
        if path is not None:
            return path
        inputs = {each: builds.realized[each.derivation] for each in derivation.inputs}
        resolved = derivation.resolved_key(inputs)
        path = store.find_realisation(resolved, MAIN_OUTPUT)
        if path is None:
            with work(builds.report, f"building {derivation.name}", None) as advance:
                path = _run_builder(builds, derivation, tuple(inputs.values()), advance)
            store.register_realisation(resolved, MAIN_OUTPUT, path)
        if resolved != derivation.key:
            store.register_realisation(derivation.key, MAIN_OUTPUT, path)
        return path


def _run_builder(builds: _Builds, derivation: Derivation, inputs: tuple[StorePath, ...], advance: Advance) -> StorePath:
    builder = BUILDERS.get(derivation.builder)
    if builder is None:
        raise BuildError(
            f"`{derivation.name}` asks for the builder `{derivation.builder}`, which this devenv does not have",
            hint="use a newer devenv",
            slug="builder-unknown",
        )
    request = BuilderRequest(
        name=derivation.name,
        arguments=derivation.arguments,
        sources=tuple(builds.artifacts[source] for source in derivation.sources),
        inputs=tuple(builds.store.path(path) for path in inputs),
        out=builds.store.root / f"{derivation.scratch_digest}-{derivation.name}",
        advance=_cancellable(advance),
    )
    nodes = _watched(builder(request), request.advance)
    return builds.store.add(Output(nodes, derivation.name, derivation.scratch_digest, frozenset(inputs)))


def _cancellable(advance: Advance) -> Advance:
    """`advance`, which raises Cancelled once the work of the calling thread was stopped."""
    check = current_check()

    def advance_unless_stopped(count: int) -> None:
        check()
        advance(count)

    return advance_unless_stopped


def _watched(nodes: Iterable[Node], advance: Advance) -> Iterator[Node]:
    """The same nodes; `advance` is told of each, and of each piece of a file."""

    def iter_content(content: Iterable[bytes]) -> Iterator[bytes]:
        for piece in content:
            advance(len(piece))
            yield piece

    for node in nodes:
        if isinstance(node, File):
            yield File(node.path, node.executable, node.size, iter_content(node.content))
        else:
            advance(0)
            yield node
