"""Allows and denies projects."""

from __future__ import annotations

from pathlib import Path

from devenv.activation import trust
from devenv.environment.project import read_project, require_project_path
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
