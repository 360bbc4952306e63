"""Makes damaged objects again, from the locks of the generations that need them.

A generation holds the manifest and the lock that made it, so that its environment can be realized anew wherever its
project is now. Builds are deterministic and objects are named by their contents: what is made again takes the place of
what was damaged, under the same path. Fetching may be needed; where the files are in the artifact cache it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from devenv.environment.project import Project
from devenv.errors import DevenvError
from devenv.events import Notice, Step
from devenv.fsutil import read_regular
from devenv.generations.projects import GenerationState
from devenv.generations.roots import list_projects
from devenv.lock.model import LOCK_NAME
from devenv.manifest.model import MANIFEST_NAME
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
    if not names:
        broken |= {path: _unknown(path) for path in _iter_unknown(tools, graph)}
    store.keep(broken)
    store.database.forget(broken)
    reasons = dict(_remake(tools, graph, frozenset(broken)))
    repaired = tuple(path for path in broken if _is_whole(tools, path))
    lost = (Finding(str(path), each.problem, reasons.get(path, "no project here says how to make it"))
            for path, each in broken.items() if path not in repaired)  # fmt: skip
    return RepairResult(repaired, tuple(lost))


def _iter_unknown(tools: Tools, graph: Graph) -> Iterator[StorePath]:
    """Environments of generations that are not registered: something that they need was damaged or lost."""
    for known in list_projects(tools.settings):
        for generation in known.state.generations:
            if generation.environment not in graph:
                yield generation.environment


def _unknown(path: StorePath) -> Finding:
    return Finding(str(path), UNREGISTERED, "is needed and not registered")


def _is_whole(tools: Tools, path: StorePath) -> bool:
    return tools.store.is_valid(path) and not verify_objects(tools.store, [path], tools.report).findings


def _remake(tools: Tools, graph: Graph, broken: frozenset[StorePath]) -> Iterator[tuple[StorePath, str]]:
    """Realize each generation that needs something broken; yields what failed to come back with the reason."""
    for project, generation in _iter_affected(tools, graph, broken):
        tools.report(Step(f"realizing generation {generation.number} of {project} again"))
        needed = _closure(graph, generation) & broken
        try:
            realize_project(tools, _read_project(project, generation))
        except (DevenvError, OSError) as error:
            tools.report(Notice(f"generation {generation.number} of `{project}` cannot be realized: {error}"))
            yield from ((path, str(error)) for path in needed)


def _iter_affected(tools: Tools, graph: Graph, broken: frozenset[StorePath]) -> Iterable[tuple[Path, GenerationState]]:
    """Newest generations first, each environment once."""
    found = [
        (known.state.path or known.state.directory, generation)
        for known in list_projects(tools.settings)
        for generation in known.state.generations
        if _closure(graph, generation) & broken
    ]
    found.sort(key=lambda pair: pair[1].created, reverse=True)
    return {generation.environment: (project, generation) for project, generation in reversed(found)}.values()


def _closure(graph: Graph, generation: GenerationState) -> set[StorePath]:
    """All that the generation is known to need, itself included where it is not registered."""
    return closure_of(graph, [generation.environment]) | {generation.environment}


def _read_project(path: Path, generation: GenerationState) -> Project:
    """The project as it was when the generation was made."""
    return Project(
        path,
        read_regular(generation.path / MANIFEST_NAME, FILE_LIMIT),
        read_regular(generation.path / LOCK_NAME, FILE_LIMIT),
    )
