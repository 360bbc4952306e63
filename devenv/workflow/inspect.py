"""Says where a project stands, and changes nothing: `status`."""

from __future__ import annotations

from pathlib import Path

from devenv.activation.trust import Trust
from devenv.environment.project import Project, read_project, require_project_path
from devenv.generations.generations import find_current_generation
from devenv.workflow.allowed import trust_in
from devenv.workflow.edit import package_versions
from devenv.workflow.enter import is_realized
from devenv.workflow.results import StatusResult
from devenv.workflow.tools import Tools


def project_status(tools: Tools, start: Path) -> StatusResult:
    """Where the project that `start` lies in stands. One that is not allowed is hashed and not parsed (FAULTS L-07)."""
    project = read_project(require_project_path(start))
    trust = trust_in(tools, project)
    if trust is not Trust.ALLOWED:
        return StatusResult(project.path, trust.value)
    unsatisfied = _unsatisfied(project)
    lock = project.lock
    generation = find_current_generation(tools.settings, project.path)
    return StatusResult(
        project=project.path,
        trust=trust.value,
        lock="missing" if lock is None else "stale" if unsatisfied else "current",
        unsatisfied=unsatisfied,
        packages=() if lock is None else package_versions(lock),
        systems=() if lock is None else lock.systems,
        generation=None if generation is None else generation.number,
        environment=None if generation is None else generation.environment,
        realized=generation is not None and is_realized(tools, project, generation),
        environments=tuple(project.manifest.environments),
    )


def _unsatisfied(project: Project) -> tuple[str, ...]:
    from devenv.lock.satisfies import iter_unsatisfied

    if project.lock is None:
        return ()
    return tuple(str(reason) for reason in iter_unsatisfied(project.lock, project.manifest))
