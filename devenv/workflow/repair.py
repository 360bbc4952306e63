"""Makes damaged objects again, from the locks of the generations that need them.

A generation holds the manifest and the lock that made it, so that its environment can be realized anew wherever its
project is now. Builds are deterministic and objects are named by their contents: what is made again takes the place of
what was damaged, under the same path. Fetching may be needed; where the files are in the artifact cache it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devenv.environment.project import Project
from devenv.errors import DevenvError
from devenv.events import Notice, Step
from devenv.fsutil import read_regular
from devenv.generations.projects import GenerationState
from devenv.generations.roots import list_projects
from devenv.project_names import LOCK_NAME, MANIFEST_NAME
from devenv.store.database import Graph
from devenv.store.graph import closure_of
from devenv.store.names import require_object
from devenv.store.verification import (
    DAMAGED,
    MISSING,
    UNREADABLE,
    UNREGISTERED,
    Finding,
    verify_objects,
    verify_store,
)
from devenv.store_path import StorePath, parse_store_path
from devenv.workflow.enter import realize_project
from devenv.workflow.store_results import RepairResult
from devenv.workflow.tools import Tools

BROKEN = frozenset({DAMAGED, MISSING, UNREADABLE})
FILE_LIMIT = 64 << 20
"""Bytes of a manifest or lock in a generation, which were read and parsed before."""


def repair(tools: Tools, names: Sequence[str]) -> RepairResult:
    """Find what is damaged among the objects `names`, or in the whole store, and make it again.

    What cannot be made again is not valid any more: whoever needs it builds or imports it anew.
    """
    store = tools.store
    # Names are looked up first: the database knows damaged objects until they are forgotten.
    chosen = [require_object(store, name) for name in names]
    found = verify_objects(store, chosen, tools.report) if names else verify_store(store, tools.report)
    broken = {parse_store_path(each.name): each for each in found.findings if each.problem in BROKEN}
    graph = store.database.read_graph()
    generations = _list_generations(tools)
    if not names:
        # Something that these need was damaged or lost when the database was made again.
        broken |= {
            each.environment: _unknown(each.environment) for _, each in generations if each.environment not in graph
        }
    store.keep(broken)
    store.database.forget(broken)
    reasons = dict(_remake(tools, _find_affected(graph, generations, frozenset(broken))))
    repaired = tuple(path for path in broken if _is_whole(tools, path))
    lost = (Finding(str(path), each.problem, reasons.get(path, "no project here says how to make it"))
            for path, each in broken.items() if path not in repaired)  # fmt: skip
    return RepairResult(repaired, tuple(lost))


def _list_generations(tools: Tools) -> list[tuple[Path, GenerationState]]:
    """All generations with their projects, the oldest first."""
    found = [
        (known.state.path or known.state.directory, generation)
        for known in list_projects(tools.settings)
        for generation in known.state.generations
    ]
    return sorted(found, key=lambda pair: pair[1].created)


def _unknown(path: StorePath) -> Finding:
    return Finding(str(path), UNREGISTERED, "is needed and not registered")


def _is_whole(tools: Tools, path: StorePath) -> bool:
    return tools.store.is_valid(path) and not verify_objects(tools.store, [path], tools.report).findings


@dataclass(frozen=True, slots=True)
class _Affected:
    """A generation, and what it needs that is broken."""

    project: Path
    generation: GenerationState
    needed: frozenset[StorePath]


def _find_affected(
    graph: Graph, generations: Iterable[tuple[Path, GenerationState]], broken: frozenset[StorePath]
) -> Iterable[_Affected]:
    """What has to be realized again: each environment once, by the newest generation that has it."""
    affected = {}
    for project, generation in generations:
        # An environment that is not registered is in no closure.
        closure = closure_of(graph, [generation.environment]) | {generation.environment}
        if needed := broken & closure:
            affected[generation.environment] = _Affected(project, generation, needed)
    return affected.values()


def _remake(tools: Tools, affected: Iterable[_Affected]) -> Iterator[tuple[StorePath, str]]:
    """Realize again; yields what failed to come back with the reason."""
    for each in affected:
        name = f"generation {each.generation.number} of `{each.project}`"
        tools.report(Step(f"realizing {name} again"))
        try:
            project = _read_project(each.project, each.generation)
            realize_project(tools, project, each.generation.host_libraries)
        except (DevenvError, OSError) as error:
            tools.report(Notice(f"{name} cannot be realized: {error}"))
            yield from ((path, str(error)) for path in each.needed)


def _read_project(path: Path, generation: GenerationState) -> Project:
    """The project as it was when the generation was made."""
    return Project(
        path,
        read_regular(generation.path / MANIFEST_NAME, FILE_LIMIT),
        read_regular(generation.path / LOCK_NAME, FILE_LIMIT),
    )
