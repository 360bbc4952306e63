"""Everything that keeps objects alive: generations of all projects, links that were made, running processes.

Temporary roots, which processes write while they work with the store, are not among them: the collection itself reads
those.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from devenv.errors import StoreError
from devenv.generations.generations import kept_objects
from devenv.generations.projects import ProjectState, iter_projects
from devenv.generations.states import iter_states
from devenv.settings import Settings
from devenv.store.processes import find_live_objects
from devenv.store.root_links import iter_root_links
from devenv.store.store import Store
from devenv.store_path import StorePath


class RootKind(enum.Enum):
    """What kind of thing keeps an object."""

    GENERATION = "generation"
    LINK = "link"
    PROFILE = "profile"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Root:
    """Something that keeps `object`; `name` is for people. `project` and `generation` are those of a generation.

    `process` is the number of a running process.
    """

    kind: RootKind
    name: str
    object: StorePath
    project: Path | None = None
    generation: int | None = None
    process: int | None = None


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project with its state, and the settings that lead to the state directory which holds that."""

    settings: Settings
    state: ProjectState


def list_projects(settings: Settings) -> list[KnownProject]:
    """The projects of every state directory that uses the store.

    Raises StoreError (`state-missing`) where one of those cannot be looked into: what its generations keep is not
    known, so nothing may be deleted.
    """
    found = []
    for place in _list_states(settings):
        of_state = replace(settings, state=place)
        found += [KnownProject(of_state, project) for project in iter_projects(of_state)]
    return found


def _list_states(settings: Settings) -> list[Path]:
    places = {settings.state: None}
    for known in iter_states(settings.base):
        if not known.found and known.path != settings.state:
            raise StoreError(
                f"`{known.path}` uses this store and cannot be looked into: what it keeps is not known",
                hint=f"mount its disk; if it was deleted for good, delete the link to it in `{settings.base}/states`",
                slug="state-missing",
            )
        places[known.path] = None
    return list(places)


def find_roots(store: Store, settings: Settings, projects: Iterable[KnownProject]) -> list[Root]:
    """All roots, those of `projects` among them, by kind and name. Raises ProcessesUnknownError."""
    roots = [*_iter_generations(projects), *_iter_links(store, settings), *_iter_processes(store)]
    return sorted(roots, key=lambda root: (root.kind.value, root.name, root.generation or 0, root.object))


def _iter_generations(projects: Iterable[KnownProject]) -> Iterator[Root]:
    for known in projects:
        path = known.state.path or known.state.directory
        for generation in known.state.generations:
            named = "" if generation.selected is None else f" ({generation.selected})"
            name = f"{path} generation {generation.number}{named}"
            for each in kept_objects(generation):
                yield Root(RootKind.GENERATION, name, each, path, generation.number)


def _iter_links(store: Store, settings: Settings) -> Iterator[Root]:
    for link in iter_root_links(store.layout):
        if link.object is not None:
            kind = RootKind.PROFILE if link.link.parent == profiles_path(settings) else RootKind.LINK
            yield Root(kind, str(link.link), link.object)


def _iter_processes(store: Store) -> Iterator[Root]:
    for path, processes in find_live_objects(store.root).items():
        for process in processes:
            yield Root(RootKind.PROCESS, f"{process.name} ({process.pid})", path, process=process.pid)


def profiles_path(settings: Settings) -> Path:
    """Where links lie that belong to the user and to no project."""
    return settings.state / "profiles"
