"""Allows and denies projects, and answers the hook when a watched file changed."""

from __future__ import annotations

from pathlib import Path

from devenv.activation import state, trust
from devenv.activation.trust import Trust
from devenv.environment.project import read_project, require_project_path
from devenv.errors import DevenvError
from devenv.workflow.allowed import trust_in
from devenv.workflow.edit import package_versions
from devenv.workflow.enter import activate, enter_realized, find_entered, require_satisfied
from devenv.workflow.results import AllowResult, DenyResult
from devenv.workflow.tools import Tools


def allow_project(tools: Tools, start: Path) -> AllowResult:
    """Let the project act, with exactly this content: realize its environment and let shells enter it.

    Raises LockError where the lock does not answer the manifest, and what realizing raises; then nothing is allowed.
    """
    project = read_project(require_project_path(start))
    require_satisfied(project)
    manifest, lock = project.manifest, project.require_lock()
    entered = find_entered(tools, project) or enter_realized(tools, project)
    trust.allow(tools.settings, project.path, project.digest)
    activate(tools, entered)
    return AllowResult(
        project=project.path,
        environment=entered.generation.environment,
        generation=entered.generation.number,
        packages=package_versions(lock),
        variables=tuple(manifest.env),
        has_hook=manifest.shell.hook is not None,
    )


def deny_project(tools: Tools, start: Path) -> DenyResult:
    """Never let the project act, and say nothing of it at the prompt, until it is allowed."""
    path = require_project_path(start)
    trust.deny(tools.settings, path)
    return DenyResult(path)


def check_changed(tools: Tools, project_path: Path) -> str | None:
    """What the hook asks when a watched file has another time: is the project still what was allowed?

    Where it is, its stamps are set anew; otherwise shells may no longer enter it. Returns a line for the user, or None.
    """
    try:
        project = read_project(project_path)
        found = trust_in(tools, project)
        entered = find_entered(tools, project) if found is Trust.ALLOWED else None
    except DevenvError as error:
        state.deactivate_project(tools.settings, project_path)
        return f"{error.message}; the environment was left"
    if entered is not None:
        activate(tools, entered)
        return None
    state.deactivate_project(tools.settings, project_path)
    # Of a project that is not allowed any more the hook itself tells.
    return "the environment is not realized; run `devenv allow`" if found is Trust.ALLOWED else None
