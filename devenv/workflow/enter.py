"""Leads into a project's environment: warm from the current generation, else realized from the lock.

A warm entry reads the manifest and the lock as bytes, compares their digest with that of the current generation and
looks whether the environment is still in the store; it evaluates nothing, asks nothing and needs no network.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.activation.hook_files import renew_hooks
from devenv.activation.model import Activation
from devenv.activation.saved import read_activation
from devenv.activation.shell import write_shell_files
from devenv.activation.state import activate_project, is_activated, write_generation_scripts
from devenv.activation.watched import write_stamps
from devenv.environment.project import Project, read_project, require_project_path
from devenv.errors import ActivationError, LockError, Place
from devenv.generations.generations import (
    Generation,
    NewGeneration,
    find_current_generation,
    iter_generations,
    make_current,
    mark_used,
    project_locked,
    record_generation,
)
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.store_path import StorePath
from devenv.workflow.allowed import require_allowed
from devenv.workflow.lock_mode import LockMode
from devenv.workflow.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devenv.build.build_one import Artifacts
    from devenv.environment.realize import RealizedEnvironment
    from devenv.lock.model import PinnedArtifact


UNFOLLOWED = frozenset({"path-reserved", "path-too-long"})
"""Slugs of errors that say where shells cannot go."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A project with its environment at hand, in a generation."""

    project: Project
    generation: Generation
    activation: Activation


def enter_project(tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT) -> Entered:
    """Enter an environment of the project that `start` lies in, which must be allowed.

    Raises TrustError, LockError, ActivationError, FetchError, BuildError; UsageError (`environment-unknown`).
    """
    project = open_project(tools, start, environment)
    require_allowed(tools, project)
    entered = find_entered(tools, project)
    if project.frozen:
        # Shells do not follow: they are told when a lock does not answer.
        return entered or enter_realized(tools, project)
    if project.selected is not None:
        return _enter_named(tools, project, entered)
    if entered is None:
        entered = enter_realized(tools, project)
        try:
            activate(tools, entered)
        except ActivationError as error:
            # Shells cannot follow every path; commands can.
            if error.slug not in UNFOLLOWED:
                raise
    elif not is_activated(tools.settings, entered.activation):
        # So that the next command, and shells, need not ask. Where the state cannot be written they ask again.
        with contextlib.suppress(ActivationError, OSError):
            activate(tools, entered)
    return entered


def _enter_named(tools: Tools, project: Project, entered: Entered | None) -> Entered:
    """Enter a named environment: shells stay in the default, and only its virtual environment has to be there."""
    if entered is None:
        entered = enter_realized(tools, project)
        equip(tools, entered)
        return entered
    venv = entered.activation.variables.get("VIRTUAL_ENV")
    if venv is not None and not Path(venv).is_dir():
        equip(tools, entered)
    return entered


def equip(tools: Tools, entered: Entered) -> None:
    """Have what belongs to a generation that shells do not follow. Raises as `equip_project` does."""
    from devenv.workflow.equip import equip_project

    equip_project(tools, entered.project, entered.generation.environment)
    if entered.project.files is not None:
        write_stamps(entered.generation.path, entered.project.watched)


def open_project(tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT) -> Project:
    """The project that `start` lies in, to be used as the mode says. Raises as `read_project` does."""
    project = read_project(require_project_path(start)).select(environment)
    return replace(project, frozen=tools.mode is LockMode.FROZEN)


def activate(tools: Tools, entered: Entered) -> None:
    """Have shells enter the project in this generation, from their next prompt on. It must be allowed.

    Raises ActivationError where shells cannot follow the project's path (`UNFOLLOWED`), and as `equip_project` does.
    """
    equip(tools, entered)
    activate_project(tools.settings, entered.project.path, entered.generation.path)
    renew_hooks(tools.settings)


def find_entered(tools: Tools, project: Project) -> Entered | None:
    """The project in its current generation, where that is what realizing would make."""
    generation = find_current_generation(tools.settings, project.path, project.selected)
    if generation is None or not is_realized(tools, project, generation):
        return None
    mark_used(generation)
    return Entered(project, generation, read_activation(generation.path))


def _find_earlier(tools: Tools, project: Project) -> Entered | None:
    """The project in an earlier generation of the same content, which becomes the current one again.

    So that going back to another branch makes nothing anew. The caller holds `project_locked`.
    """
    for generation in iter_generations(tools.settings, project.path):
        if is_realized(tools, project, generation):
            make_current(tools.settings, project.path, generation)
            mark_used(generation)
            return Entered(project, generation, read_activation(generation.path))
    return None


def is_realized(tools: Tools, project: Project, generation: Generation) -> bool:
    """Whether the generation was made from this content with these settings, and its objects are there."""
    return (
        generation.digest == project.digest
        and project.further_digests(generation.files) == generation.files
        and generation.host_libraries == tools.settings.host_libraries
        and tools.store.is_complete(generation.environment)
    )


def enter_realized(tools: Tools, project: Project) -> Entered:
    """Realize the lock and record a generation of the result; shells do not enter it yet.

    Raises LockError, ActivationError, FetchError, BuildError.
    """
    with project_locked(tools.settings, project.path):
        entered = find_entered(tools, project) or _find_earlier(tools, project)
        if entered is not None:
            return entered
        require_satisfied(project)
        return add_generation(tools, project, realize_project(tools, project, tools.settings.host_libraries).path)


def require_satisfied(project: Project) -> None:
    """Raises LockError (`lock-missing`, `lock-stale`) where the lock is missing, or it does not answer and has to."""
    from devenv.lock.satisfies import iter_unsatisfied

    if project.frozen:
        project.require_lock()
        return
    manifest = project.manifest
    reasons = tuple(str(reason) for reason in iter_unsatisfied(project.require_lock(), manifest))
    if reasons:
        raise LockError(
            "the lock does not answer the manifest",
            hint="run `devenv lock`, then `devenv allow`",
            place=Place(str(project.lock_path)),
            details=reasons,
            slug="lock-stale",
        )


def realize_project(tools: Tools, project: Project, host_libraries: bool) -> RealizedEnvironment:
    """Realize what the project's lock describes, for this machine.

    With `host_libraries`, programs from wheels run on the host's libraries instead of the lock's runtime.
    """
    from devenv.environment.realize import RealizeRequest, realize_environment
    from devenv.workflow.input_sets import keep_inputs
    from devenv.workflow.project_files import add_overriding_files

    request = RealizeRequest(
        project.manifest,
        project.require_lock(),
        tools.package_sets(project.manifest, project.path, project.require_lock(), realizing=True),
        tools.system,
        files=add_overriding_files(tools, project.path, project.manifest),
        options=tools.build_options,
        host_libraries=host_libraries,
    )
    with tools.fetching(project.path) as fetch:

        def fetch_and_keep(pinned: Sequence[PinnedArtifact]) -> Artifacts:
            files = fetch(pinned)
            # Before anything is made of them: a generation holds as soon as its environment is there, and then what
            # the lock was evaluated with is there too. A lock whose files cannot be had leaves nothing.
            keep_inputs(tools, project.require_lock())
            return files

        return realize_environment(request, tools.store, fetch_and_keep, tools.report)


def add_generation(tools: Tools, project: Project, environment: StorePath) -> Entered:
    """Make this the project's current generation. The caller holds `project_locked`."""
    from devenv.workflow.input_sets import keep_inputs

    def fill(directory: Path, known_as: Path) -> None:
        activation = make_activation(tools, project, environment, known_as)
        write_generation_scripts(directory, activation)
        write_shell_files(directory, tools.settings, activation)

    inputs = keep_inputs(tools, project.require_lock())
    generation = record_generation(tools.settings, tools.store, NewGeneration(project, environment, fill, inputs))
    return Entered(project, generation, read_activation(generation.path))


def make_activation(tools: Tools, project: Project, environment: StorePath, generation: Path) -> Activation:
    """What the environment does to a shell. Raises as `make_project_activation` does."""
    from devenv.environment.activation import make_project_activation

    return make_project_activation(project, tools.store.path(environment), generation)
