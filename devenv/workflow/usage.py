"""How much of the store each project keeps: `store du`, and the end of `gc`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from devenv.generations.generations import kept_objects
from devenv.generations.roots import KnownProject, find_roots, list_projects
from devenv.store.database import Graph
from devenv.store.graph import closure_of, total_size
from devenv.store_path import StorePath
from devenv.workflow.store_results import ProjectUsage, UsageResult
from devenv.workflow.tools import Tools


def compute_usage(tools: Tools) -> UsageResult:
    """The disk use of every project, the largest first. Raises StoreError."""
    graph = tools.store.database.read_graph()
    projects = list_projects(tools.settings)
    kept = ([path for each in known.state.generations for path in kept_objects(each)] for known in projects)
    closures = [closure_of(graph, paths) for paths in kept]
    others = closure_of(graph, [root.object for root in find_roots(tools.store, tools.settings, ())])
    return _measure(graph, projects, closures, others)


def _measure(
    graph: Graph, projects: Sequence[KnownProject], closures: Sequence[set[StorePath]], others: set[StorePath]
) -> UsageResult:
    users = Counter(path for closure in (*closures, others) for path in closure)
    usages = [
        ProjectUsage(
            project=known.state.path or known.state.directory,
            presence=known.state.presence.value,
            generations=len(known.state.generations),
            total=total_size(graph, closure),
            own=total_size(graph, (path for path in closure if users[path] == 1)),
        )
        for known, closure in zip(projects, closures, strict=True)
    ]
    of_projects = set().union(*closures)
    return UsageResult(
        projects=tuple(sorted(usages, key=lambda usage: (-usage.total, usage.project))),
        shared=total_size(graph, (path for path in of_projects if users[path] > 1)),
        other=total_size(graph, others - of_projects),
        dead=total_size(graph, graph.keys() - users.keys()),
        total=total_size(graph, graph),
        objects=len(graph),
    )
