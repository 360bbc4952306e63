"""Builds one derivation whose inputs are realized, unless it is known or turns out to be (early cutoff)."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import Advance, BuilderRequest
from devenv.build.plan import find_outputs
from devenv.build.records import record_derivation
from devenv.build.script.arguments import SCRIPT_BUILDER
from devenv.build.script.run import Debug, ScriptBuild, build_script
from devenv.build.source import SOURCE_BUILDER
from devenv.derivation.model import MAIN_OUTPUT, Derivation, Input
from devenv.errors import BuildError
from devenv.events import Notice, Report, WorkFinished, WorkSaid, work
from devenv.nar.nodes import File, Node
from devenv.sandbox.model import Limits, SandboxRequest
from devenv.store.adding import Output
from devenv.store.store import Store
from devenv.store_path import StorePath
from devenv.workers import current_check

Artifacts = Mapping[str, Path]
"""SHA-256 (64 hexadecimal digits) → a verified file."""

SLOT_SECONDS = 0.2
"""How often whoever waits for a slot looks whether the work is still wanted."""


@dataclass(frozen=True, slots=True)
class Builds:
    """What all builds of one realization share; `realized` grows as they end."""

    store: Store
    artifacts: Artifacts
    report: Report
    realized: dict[Input, StorePath]
    limits: Limits
    bubblewrap: Path | None = None
    debug: Debug | None = None
    slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(os.cpu_count() or 1))
    """As many as there may be builds at work; what is only waited for the disk takes none."""

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        """Wait until there is one. Raises Cancelled where the work is not wanted any more."""
        check = current_check()
        while not self.slots.acquire(timeout=SLOT_SECONDS):
            check()
        try:
            check()
            yield
        finally:
            self.slots.release()


def build_once(builds: Builds, derivation: Derivation) -> dict[str, StorePath]:
    """The object of each output. Raises BuildError."""
    store = builds.store
    with store.lock(derivation.key.replace(":", "-")):
        known = find_outputs(store, derivation, derivation.key)
        if known is not None:
            return known
        record_derivation(store.layout, derivation)
        inputs = {each: builds.realized[each] for each in derivation.inputs}
        resolved = derivation.resolved_key(inputs)
        outputs = find_outputs(store, derivation, resolved)
        if outputs is not None:
            store.register_realisations({(derivation.key, output): path for output, path in outputs.items()})
            return outputs
        with work(builds.report, f"building {derivation.name}", None) as advance:
            return _build(builds, derivation, inputs, advance)


def _build(
    builds: Builds, derivation: Derivation, inputs: Mapping[Input, StorePath], advance: Advance
) -> dict[str, StorePath]:
    if derivation.builder == SCRIPT_BUILDER and derivation.output_hash is not None:
        raise _fixed(derivation)
    if derivation.builder == SCRIPT_BUILDER:
        return build_script(replace(script_build(builds, derivation, inputs), keys=_keys(derivation, inputs)))
    with builds.slot():
        return {MAIN_OUTPUT: _run_builder(builds, derivation, inputs, advance)}


def _keys(derivation: Derivation, inputs: Mapping[Input, StorePath]) -> tuple[str, ...]:
    """What the outputs are known by: the derivation, and what it comes to with these inputs (early cutoff)."""
    return tuple(dict.fromkeys([derivation.key, derivation.resolved_key(inputs)]))


def script_build(builds: Builds, derivation: Derivation, inputs: Mapping[Input, StorePath]) -> ScriptBuild:
    """The build of a script, as it is run here."""
    assert builds.bubblewrap is not None
    report, text = builds.report, f"building {derivation.name}"

    def debug(request: SandboxRequest, program: Path, error: BuildError) -> None:
        assert builds.debug is not None
        # What is drawn of this build would be drawn over the shell.
        report(WorkFinished(text))
        builds.debug(request, program, error)

    def warn(place: str) -> None:
        report(Notice(f"`{derivation.name}` mentions its build directory in `{place}`, where nothing is any more"))

    return ScriptBuild(
        store=builds.store,
        derivation=derivation,
        inputs=inputs,
        sources=tuple(builds.artifacts[source] for source in derivation.sources),
        bubblewrap=builds.bubblewrap,
        limits=builds.limits,
        slot=builds.slot,
        cores=os.cpu_count() or 1,
        check=current_check(),
        say=lambda line: report(WorkSaid(text, line)),
        warn=warn,
        debug=None if builds.debug is None else debug,
    )


def _run_builder(
    builds: Builds, derivation: Derivation, inputs: Mapping[Input, StorePath], advance: Advance
) -> StorePath:
    builder = BUILDERS.get(derivation.builder)
    if builder is None:
        raise _unknown(derivation)
    scratch = derivation.scratch_digest()
    request = BuilderRequest(
        name=derivation.name,
        arguments=derivation.arguments,
        sources=tuple(builds.artifacts[source] for source in derivation.sources),
        inputs=tuple(builds.store.path(path) for path in inputs.values()),
        out=builds.store.root / f"{scratch}-{derivation.name}",
        advance=_cancellable(advance),
    )
    nodes = _watched(builder(request), request.advance)
    realises = tuple((key, MAIN_OUTPUT) for key in _keys(derivation, inputs))
    return builds.store.add(Output(nodes, derivation.name, scratch, frozenset(inputs.values()), realises=realises))


def _fixed(derivation: Derivation) -> BuildError:
    """Of a build of a fixed content nobody would look at what it is made of: it would be a fetch (FAULTS N-04)."""
    return BuildError(
        f"`{derivation.name}` is built by a script, and its output is fixed by a hash",
        hint="let the recipe name what is to be fetched as a source: scripts have no network",
        slug="output-hash-unsupported",
    )


def _unknown(derivation: Derivation) -> BuildError:
    if derivation.builder == SOURCE_BUILDER:
        return BuildError(
            f"`{derivation.output_hash}`, a file of the project, was collected while it was needed",
            hint="run the command again",
            slug="source-collected",
        )
    return BuildError(
        f"`{derivation.name}` asks for the builder `{derivation.builder}`, which this devenv does not have",
        hint="use a newer devenv",
        slug="builder-unknown",
    )


def _cancellable(advance: Advance) -> Advance:
    """`advance`, which raises Cancelled once the work of the calling thread was stopped."""
    check = current_check()

    def advance_unless_stopped(count: int) -> None:
        check()
        advance(count)

    return advance_unless_stopped


def _watched(nodes: Iterable[Node], advance: Callable[[int], None]) -> Iterator[Node]:
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
