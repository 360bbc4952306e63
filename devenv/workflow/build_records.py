"""Tells of builds: what they wrote, what their keys are made of, why two of them differ."""

from __future__ import annotations

from pathlib import Path

from devenv.build.records import RECORD_LIMIT, read_document, record_derivation, require_record
from devenv.derivation.compare import iter_differences
from devenv.derivation.model import MAIN_OUTPUT, Derivation
from devenv.errors import UsageError
from devenv.fsutil import read_regular
from devenv.workflow.build_results import DerivationNode, DerivationResult, WhyRebuildResult
from devenv.workflow.builds import BuildChoice, open_building
from devenv.workflow.tools import Tools


def read_log(tools: Tools, wanted: str) -> bytes:
    """The log of the last build of `wanted`, as it was written. Raises UsageError (`build-unknown`, `log-missing`)."""
    record = require_record(tools.store.layout, wanted)
    if record.log is None:
        raise UsageError(
            f"`{record.name}` has no log: no program was run to make it",
            hint="only what is built from source has one",
            slug="log-missing",
        )
    return read_regular(record.log, RECORD_LIMIT)


def explain_rebuild(tools: Tools, before: str, after: str) -> WhyRebuildResult:
    """What differs between two builds that were run here. Raises UsageError (`build-unknown`)."""
    layout = tools.store.layout
    first, second = require_record(layout, before).key, require_record(layout, after).key
    differences = tuple(iter_differences(first, second, lambda key: read_document(layout, key)))
    return WhyRebuildResult(first, second, differences)


def show_derivation(tools: Tools, start: Path, name: str) -> DerivationResult:
    """The derivation of a package or a build of the project. Raises UsageError (`target-unknown`), LockError."""
    derivation = open_building(tools, start, BuildChoice()).derivations().target(name)
    return DerivationResult(_node(tools, derivation, None, set()), derivation.document)


def _node(tools: Tools, derivation: Derivation, role: str | None, shown: set[Derivation]) -> DerivationNode:
    """As deep as derivations are nested; each is gone into once (FAULTS N-08)."""
    repeated = derivation in shown and bool(derivation.inputs)
    shown.add(derivation)
    # So that it can be compared with what was built (`explain_rebuild`).
    record_derivation(tools.store.layout, derivation)
    roles = derivation.arguments.get("roles", [None] * len(derivation.inputs))
    below = () if repeated else zip(derivation.inputs, roles, strict=True)
    return DerivationNode(
        name=derivation.name,
        key=derivation.key,
        builder=derivation.builder,
        role=role,
        files=len(derivation.sources),
        output=tools.store.find_realisation(derivation.key, MAIN_OUTPUT),
        inputs=tuple(_node(tools, each.derivation, role, shown) for each, role in below),
        repeated=repeated,
    )
