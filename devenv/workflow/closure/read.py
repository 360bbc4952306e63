"""Reads the members of an environment: from the lock, and from the store as far as it has them."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.derivation.model import MAIN_OUTPUT
from devenv.environment.project import read_project, require_project_path
from devenv.errors import DevenvError, EvaluationError
from devenv.lock.model import Lock, LockedBuild, LockedPackage
from devenv.lock.review import FindNeeds, Key, Needs, Table
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.store.database import Graph
from devenv.store.graph import closure_of
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, System
from devenv.workflow.closure.measure import Pieces, join, measure_all, reach
from devenv.workflow.closure.results import ClosureResult, Measure, Member, Part, PinnedFile, Question
from devenv.workflow.reviewing import know_needs
from devenv.workflow.tools import Tools

RUNTIME_KEY = "runtime"
TABLES = {Part.PACKAGE: Table.PACKAGE, Part.DEPENDENCY: Table.DEPENDENCY, Part.RUNTIME: Table.RUNTIME}


@dataclass(frozen=True, slots=True)
class _Locked:
    """A member that the lock has a table for, and its object as far as that is known."""

    key: str
    part: Part
    package: LockedPackage
    build: LockedBuild
    output: StorePath | None
    needs: Needs | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the store has: its objects, and which of them is which member's."""

    graph: Graph
    keys: Mapping[StorePath, str]

    def key(self, path: StorePath) -> str:
        return self.keys.get(path) or f"object:{path}"


def read_closure(
    tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT, system: System | None = None
) -> ClosureResult:
    """The environment of the project at or above `start`, by its lock; nothing of the project acts, unless allowed.

    Without `system` for this machine's, where the lock has something for that. Raises UsageError, ManifestError,
    LockError, EvaluationError (`system-missing`).
    """
    path = require_project_path(start)
    project = read_project(path)
    lock = project.require_lock()
    if environment != DEFAULT_ENVIRONMENT:
        lock = lock.select(environment, project.manifest)
    chosen = _choose_system(tools, lock, system)
    lock = lock.on(chosen)
    graph = _read_graph(tools, chosen)
    locked = list(_iter_locked(tools, lock, chosen, graph, know_needs(tools, start, lock)))
    return _Reading(path, environment, chosen, lock, locked, graph).read()


def _choose_system(tools: Tools, lock: Lock, wanted: System | None) -> System:
    known = [system for system in ALL_SYSTEMS if any(True for _ in lock.iter_builds(system))]
    own = wanted
    if own is None:
        with contextlib.suppress(DevenvError):
            own = tools.system
        own = own if own in known or not known else known[0]
    if own is None or (own not in known and (known or wanted is not None)):
        raise EvaluationError(
            f"the lock has nothing for `{own}`",
            hint=f"it is for {', '.join(map(str, known)) or 'no system'}",
            slug="system-missing",
        )
    return own


def _read_graph(tools: Tools, system: System) -> Graph:
    """What the store has; nothing where there is no store, or for another machine. Makes no store."""
    with contextlib.suppress(DevenvError):
        if tools.settings.base.is_dir() and system == tools.system:
            return tools.store.database.read_graph()
    return {}


def _iter_tables(lock: Lock) -> Iterator[tuple[str, Part, LockedPackage]]:
    for name, package in lock.packages.items():
        yield f"package:{name}", Part.PACKAGE, package
    for name, package in lock.dependencies.items():
        yield f"dependency:{name}", Part.DEPENDENCY, package
    if lock.runtime is not None:
        yield RUNTIME_KEY, Part.RUNTIME, lock.runtime


def _iter_locked(tools: Tools, lock: Lock, system: System, graph: Graph, find_needs: FindNeeds) -> Iterator[_Locked]:
    for key, part, package in _iter_tables(lock):
        build = package.systems.get(system)
        if build is None:
            continue
        output = build.output
        if graph and output not in graph:
            output = tools.store.find_realisation(build.derivation, MAIN_OUTPUT) or output
        # Recipes are asked only where the store does not show it, and what is built with what only they know.
        asks = output not in graph or lock.dependencies or package.overrides is not None
        yield _Locked(
            key,
            part,
            package,
            build,
            output,
            find_needs(Key(None, TABLES[part], package.name), system) if asks else None,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    project: Path
    environment: str
    system: System
    lock: Lock
    locked: list[_Locked]
    graph: Graph

    def read(self) -> ClosureResult:
        outputs = {each.output: each.key for each in self.locked if each.output is not None}
        kept = _Kept(self.graph, outputs)
        objects = sorted(closure_of(self.graph, outputs) - outputs.keys())
        needs = {each.key: self._needs(each, kept) for each in self.locked}
        needs |= {kept.key(path): self._references(path, kept) for path in objects}
        asked = tuple(each.key for each in self.locked if each.part is Part.PACKAGE)
        files = {each.key: {file.sha256: file.size for file in each.build.artifacts} for each in self.locked}
        files |= {kept.key(path): {} for path in objects}
        installed = {
            kept.key(path): {str(path): self.graph[path].size} for path in (*outputs, *objects) if path in self.graph
        }
        made_with = self._made_with()
        # What is built here takes what it is built with.
        fetched = {key: (*needs[key], *made_with.get(key, ())) for key in needs}
        draft = _Draft(
            needs,
            made_with,
            _turn_round(needs, made_with),
            measure_all(files, fetched, asked),
            _measure_kept(installed, needs, asked),
        )
        members = [self._member(each, draft, kept) for each in self.locked]
        members += [_object_member(kept.key(path), path, draft) for path in objects]
        whole = frozenset[str]().union(*(reach(needs, key) for key in asked))
        return ClosureResult(
            self.project,
            self.environment,
            self.system,
            {each.key: each for each in members},
            asked,
            self._lacking(),
            sum(join(files.values()).values()),
            sum(join(installed[key] for key in whole).values()) if whole <= installed.keys() else None,
        )

    def _lacking(self) -> dict[str, str]:
        return {
            name: package.lacking.get(self.system, "the lock does not say why")
            for name, package in self.lock.packages.items()
            if self.system not in package.systems
        }

    def _references(self, path: StorePath, kept: _Kept) -> tuple[str, ...]:
        return tuple(sorted(kept.key(each) for each in self.graph[path].references if each != path))

    def _needs(self, each: _Locked, kept: _Kept) -> tuple[str, ...]:
        """What its object refers to; where there is none, what its recipe says that it runs on."""
        if each.output is not None and each.output in self.graph:
            return self._references(each.output, kept)
        has_runtime = any(other.key == RUNTIME_KEY for other in self.locked)
        return (RUNTIME_KEY,) if each.needs is not None and each.needs.runtime and has_runtime else ()

    def _made_with(self) -> dict[str, tuple[str, ...]]:
        known = {each.key for each in self.locked}
        made = {}
        for each in self.locked:
            names = sorted(each.needs.names) if each.needs is not None else ()
            keys = (_find_key(name, known) for name in names)
            made[each.key] = tuple(key for key in keys if key is not None)
        return made

    def _member(self, each: _Locked, draft: _Draft, kept: _Kept) -> Member:
        return Member(
            each.key,
            each.part,
            each.package.name,
            each.package.version,
            self._question(each),
            each.build.derivation,
            each.output,
            each.output in kept.graph,
            tuple(
                PinnedFile(file.filename, file.locator, file.sha256, file.size, _text(file.requires))
                for file in each.build.artifacts
            ),
            draft.needs[each.key],
            draft.made_with[each.key],
            draft.needed_by.get(each.key, ()),
            draft.download[each.key],
            draft.installed.get(each.key),
        )

    def _question(self, each: _Locked) -> Question:
        asked, index = self.lock.inputs[each.package.input], each.build.index
        return Question(
            each.package.request,
            asked.name,
            asked.locator,
            asked.revision,
            index,
            None if index is None else self.lock.inputs[index].locator,
            each.build.date or asked.date,
        )


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is known of all members before there are any, by their keys."""

    needs: Mapping[str, tuple[str, ...]]
    made_with: Mapping[str, tuple[str, ...]]
    needed_by: Mapping[str, tuple[str, ...]]
    download: Mapping[str, Measure]
    installed: Mapping[str, Measure]


def _turn_round(*edges: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    users: dict[str, set[str]] = defaultdict(set)
    for user, needed in (each for some in edges for each in some.items()):
        for key in needed:
            users[key].add(user)
    return {key: tuple(sorted(each)) for key, each in users.items()}


def _object_member(key: str, path: StorePath, draft: _Draft) -> Member:
    return Member(
        key,
        Part.OBJECT,
        path.name,
        None,
        None,
        None,
        path,
        True,
        (),
        draft.needs[key],
        (),
        draft.needed_by.get(key, ()),
        draft.download[key],
        draft.installed.get(key),
    )


def _measure_kept(
    installed: Mapping[str, Pieces], needs: Mapping[str, Iterable[str]], asked: Iterable[str]
) -> dict[str, Measure]:
    """The measures of what is in the store whole."""
    edges = {key: tuple(each) for key, each in needs.items()}
    measures = measure_all(installed, edges, asked)
    return {key: measure for key, measure in measures.items() if reach(edges, key) <= installed.keys()}


def _find_key(name: str, known: Iterable[str]) -> str | None:
    """A name in a recipe means the dependency where there is one, else the package of that name."""
    return next((key for key in (f"dependency:{name}", f"package:{name}") if key in known), None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
