"""Collects garbage: decides which generations go, deletes them, then whatever nothing keeps any more."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from devenv.build.records import remove_old_records
from devenv.events import Notice
from devenv.generations.generations import kept_objects
from devenv.generations.pins import remove_stale_pins
from devenv.generations.projects import ProjectState
from devenv.generations.removal import remove_generation, remove_leftovers
from devenv.generations.retention import Removal, RetentionPolicy, iter_least_recently_used, plan_retention
from devenv.generations.roots import KnownProject, find_roots, list_projects
from devenv.store.collection import Collection, CollectionRequest, Roots, collect
from devenv.store.graph import closure_of, total_size
from devenv.store.root_links import remove_ended_links
from devenv.workflow.build_memo import remove_old_memos
from devenv.workflow.store_results import CollectResult, DeletedObject, RemovedGeneration
from devenv.workflow.tools import Tools
from devenv.workflow.usage import compute_usage


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """What is to go: times in seconds, sizes in bytes; None: without that limit."""

    dry_run: bool = False
    older_than: float | None = None
    keep: int | None = None
    max_freed: int | None = None
    budget: int | None = None


def collect_garbage(tools: Tools, options: CollectOptions) -> CollectResult:
    """Delete what nothing keeps, or with `dry_run` only tell. Raises StoreError; nothing that is in use goes."""
    _release_reserve(tools, options)
    projects = list_projects(tools.settings)
    _report_damage(tools, projects)
    policy = RetentionPolicy(options.older_than, options.keep)
    removals = list(plan_retention([known.state for known in projects], policy, time.time()))
    over_budget = None
    if options.budget is not None:
        more, over_budget = _plan_budget(tools, projects, removals, options.budget)
        removals += more
    if not options.dry_run:
        removals = [each for each in removals if _remove(projects, each)]
        _tidy(tools, projects)
    collection = _collect(tools, options, removals)
    logs = 0
    if not options.dry_run:
        logs = remove_old_records(tools.store.layout)
        remove_old_memos(tools.settings)
    return replace(_result(tools, options, removals, collection, over_budget), logs=logs)


def _release_reserve(tools: Tools, options: CollectOptions) -> None:
    """Give back the space that was held for this, before anything asks for some (FAULTS B-02).

    The store is open then: opening it takes the space.
    """
    if not options.dry_run:
        tools.store.layout.reserve.unlink(missing_ok=True)


def _remove(projects: Iterable[KnownProject], removal: Removal) -> bool:
    """Whether the generation went; it stays where somebody began to use it meanwhile."""
    owner = next(known for known in projects if known.state.directory == removal.project.directory)
    return remove_generation(owner.settings, removal.project, removal.generation)


def _tidy(tools: Tools, projects: Iterable[KnownProject]) -> None:
    """Delete records of what has ended: deleted projects, ended shells, links that are gone."""
    for settings in (tools.settings, *(known.settings for known in projects)):
        remove_leftovers(settings)
        remove_stale_pins(settings)
    remove_ended_links(tools.store.layout)


def _report_damage(tools: Tools, projects: Iterable[KnownProject]) -> None:
    for known in projects:
        for path in known.state.damaged:
            tools.report(Notice(f"`{path}` is damaged: what it kept is not known, and may be deleted"))


def _remaining(projects: Iterable[KnownProject], removals: Sequence[Removal]) -> list[KnownProject]:
    """The projects as they will be without what is removed."""
    gone = {each.generation.path for each in removals}

    def without(state: ProjectState) -> ProjectState:
        return replace(state, generations=tuple(each for each in state.generations if each.path not in gone))

    return [replace(known, state=without(known.state)) for known in projects]


def _plan_budget(
    tools: Tools, projects: Sequence[KnownProject], removals: Sequence[Removal], budget: int
) -> tuple[list[Removal], int | None]:
    """Further generations to remove, and the bytes by which what must stay exceeds the budget.

    Removing the least recently used until the rest fits is keeping the most recently used as long as they fit.
    """
    graph = tools.store.database.read_graph()
    gone = {each.generation.path for each in removals}
    listed = iter_least_recently_used(known.state for known in projects)
    candidates = [each for each in listed if each.generation.path not in gone]
    fixed = _remaining(projects, [*removals, *candidates])
    alive = closure_of(graph, [root.object for root in find_roots(tools.store, tools.settings, fixed)])
    size = total_size(graph, alive)
    if size > budget:
        return candidates, size - budget
    kept = 0
    for removal in reversed(candidates):
        further = closure_of(graph, kept_objects(removal.generation)) - alive
        size += total_size(graph, further)
        if size > budget:
            break
        alive |= further
        kept += 1
    return candidates[: len(candidates) - kept], None


def _collect(tools: Tools, options: CollectOptions, removals: Sequence[Removal]) -> Collection:
    dropped = tuple((each.generation.environment, _describe(each)) for each in removals)

    def find() -> Roots:
        projects = list_projects(tools.settings)
        if options.dry_run:
            projects = _remaining(projects, removals)
        roots = find_roots(tools.store, tools.settings, projects)
        return Roots(frozenset(root.object for root in roots), dropped)

    request = CollectionRequest(find, options.dry_run, options.max_freed)
    return collect(tools.store, request, tools.report)


def _describe(removal: Removal) -> str:
    path = removal.project.path or removal.project.directory
    return f"generation {removal.generation.number} of {path}: {removal.reason}"


def _result(
    tools: Tools,
    options: CollectOptions,
    removals: Sequence[Removal],
    collection: Collection,
    over_budget: int | None,
) -> CollectResult:
    dead = [DeletedObject(str(each.path), each.size, each.reason) for each in collection.dead]
    leftovers = [DeletedObject(each.name, each.size, each.reason) for each in collection.leftovers]
    return CollectResult(
        dry_run=options.dry_run,
        generations=tuple(
            RemovedGeneration(
                str(each.project.path or each.project.directory),
                each.generation.number,
                each.generation.environment,
                each.reason,
            )
            for each in removals
        ),
        objects=(*dead, *leftovers),
        size=sum(each.size for each in (*dead, *leftovers)),
        disk_freed=collection.disk_freed,
        foreign=collection.foreign,
        failures=tuple(collection.failures),
        over_budget=over_budget,
        usage=compute_usage(tools),
    )
