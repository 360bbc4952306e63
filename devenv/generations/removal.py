"""Deletes generations, and what is left of deleted projects.

In an order in which a kill at any point leaves a state that every reader understands and the next call finishes: first
nobody is led to the generation any more, then one rename takes it away with all that belongs to it, then it is deleted
under a name that the next one deletes as well.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from devenv.activation.state import deactivate_project
from devenv.fault_points import fault_point
from devenv.fsutil import delete_tree, locked, rename_new, sync_directory, temporary_name
from devenv.generations.generations import iter_current_links, remove_unfinished, state_locked
from devenv.generations.pins import read_pins
from devenv.generations.presence import Presence
from devenv.generations.projects import (
    GenerationState,
    ProjectState,
    find_active_link,
    iter_projects,
    read_project_state,
)
from devenv.settings import Settings


def remove_generation(settings: Settings, project: ProjectState, generation: GenerationState) -> bool:
    """Delete a generation, and with the last one of a deleted project the state of that project.

    False: it stays, because it is not any more what it was when it was listed (a shell entered it, the project was
    switched to it), or because another process is at work on the project, for which nothing here waits. That it is
    gone already is no error. Raises OSError.
    """
    if not project.directory.exists():
        return True
    with state_locked(project.directory, wait=False) as held:
        if not held or not _remove_unchanged(settings, generation, project.directory):
            return False
    _remove_deleted_project(settings, project.directory)
    return True


def remove_leftovers(settings: Settings) -> None:
    """Finish what killed processes began to delete, and delete the state of deleted projects that have no generations.

    Raises OSError.
    """
    for project in iter_projects(settings):
        if project.path is not None:
            with state_locked(project.directory, wait=False) as held:
                if held:
                    places = [project.directory, *(each.path for each in project.generations)]
                    for place in (*places, project.directory / "generations"):
                        remove_unfinished(place)
            _remove_deleted_project(settings, project.directory)
    projects = settings.state / "projects"
    if projects.is_dir():
        with _projects_locked(settings):
            remove_unfinished(projects)


def _remove_unchanged(settings: Settings, listed: GenerationState, directory: Path) -> bool:
    """Delete the generation, if it is still as it was `listed`. The caller holds the lock of the project's state."""
    remove_unfinished(directory / "generations")
    project = read_project_state(settings, directory, read_pins(settings))
    found = next((each for each in project.generations if each.number == listed.number), None)
    if found is None:
        return True
    if found.shells or (found.current and not listed.current):
        return False
    if (found.created, found.environment) != (listed.created, listed.environment):
        return False
    if found.current:
        _take_from_shells(settings, project, found)
    _delete(found.path)
    return True


def _take_from_shells(settings: Settings, project: ProjectState, generation: GenerationState) -> None:
    """Lead neither hooks nor commands to the generation any more; durably, before its objects can go."""
    if project.path is not None:
        link = find_active_link(settings, project.path)
        if link is not None and _leads_to(link, generation.path):
            fault_point("generation.deactivate")
            deactivate_project(settings, project.path)
            sync_directory(link.parent)
    for link in iter_current_links(project.directory):
        if _leads_to(link, generation.path):
            fault_point("generation.unlink")
            link.unlink()
            sync_directory(project.directory)


def _leads_to(link: Path, path: Path) -> bool:
    try:
        return link.parent / os.readlink(link) == path
    except OSError:
        return False


def _delete(path: Path) -> None:
    """Take a directory away at once, then delete it. The caller holds the lock of what it lies in."""
    temporary = path.parent / temporary_name()
    fault_point("generation.rename")
    rename_new(path, temporary)
    sync_directory(path.parent)
    fault_point("generation.delete")
    delete_tree(temporary)


def _remove_deleted_project(settings: Settings, directory: Path) -> None:
    """Delete the state of a project, if the project was deleted and nothing is left to keep."""
    if not _is_empty(settings, directory):
        return
    with _projects_locked(settings):
        # Another process may have been faster; then taking its lock would make the directory anew.
        if directory.exists():
            with state_locked(directory, wait=False) as held:
                if held and _is_empty(settings, directory):
                    # With the lock in it, which we hold: whoever waits for that makes the directory anew.
                    _delete(directory)


def _is_empty(settings: Settings, directory: Path) -> bool:
    """Whether the project was deleted and has no generations; one that is damaged counts if a shell is in it."""
    pins = read_pins(settings)
    project = read_project_state(settings, directory, pins)
    used = any(generation.is_relative_to(directory) for generation in pins)
    return project.presence is Presence.GONE and not project.generations and not used


def _projects_locked(settings: Settings) -> contextlib.AbstractContextManager[bool]:
    """Held by who deletes the state of a project, so that nobody deletes the same leftover."""
    return locked(settings.state / "projects" / "lock")
