"""Allows, denies and forgets projects."""

from __future__ import annotations

import os
from pathlib import Path

from devenv.activation import trust
from devenv.activation.last_allowed import LastAllowed
from devenv.activation.trust import Trust
from devenv.activation.trust_records import Record
from devenv.environment.project import Project, find_project_path, read_project, require_project_path
from devenv.errors import DevenvError
from devenv.project_names import MANIFEST_NAME
from devenv.workflow.allowed import make_allowed, require_allowed, trust_in
from devenv.workflow.allowed_changes import Acting, find_changes
from devenv.workflow.edit import package_versions
from devenv.workflow.enter import activate, enter_realized, find_entered, open_project, require_satisfied
from devenv.workflow.tools import Tools
from devenv.workflow.trust_results import (
    AllowResult,
    DenyResult,
    KnownProject,
    KnownProjectsResult,
    RevokeResult,
)

GONE, REFUSED = "gone", "refused"
"""What is said of projects that have no manifest any more, or one that is not read (`read_watched_file`)."""


def allow_project(tools: Tools, start: Path, *, dry_run: bool = False) -> AllowResult:
    """Let the project act, with exactly this content: realize its environment and let shells enter it.

    With `dry_run` only what that would let act is found. Raises LockError where the lock does not answer the manifest,
    TrustError where somebody denied it meanwhile, and what realizing raises; then nothing is allowed.
    """
    project = open_project(tools, start)
    if not dry_run:
        require_satisfied(project)
    found, content = trust_in(tools, project), make_allowed(project)
    last = trust.find_last(tools.settings, project.path)
    before = None if last is None else _read_acting(Project(project.path, last.manifest, last.lock), last)
    changes = find_changes(before, Acting(project.manifest, project.lock, content.allowance.files, content.variables))
    entered = None
    if not dry_run:
        entered = find_entered(tools, project) or enter_realized(tools, project)
        if found is not Trust.DENIED and trust_in(tools, project) is Trust.DENIED:
            # Realizing takes its time, and the user's last word counts (FAULTS L-06).
            require_allowed(tools, project)
        trust.allow(tools.settings, project.path, content)
        if not project.frozen:
            activate(tools, entered)
    return AllowResult(
        project=project.path,
        environment=None if entered is None else entered.generation.environment,
        generation=None if entered is None else entered.generation.number,
        packages=() if project.lock is None else package_versions(project.lock),
        variables=tuple(project.manifest.env),
        has_hook=project.manifest.shell.hook is not None,
        content=project.content_digest,
        first=before is None,
        changes=changes,
        trust=found.value,
        dry_run=dry_run,
    )


def deny_project(tools: Tools, start: Path) -> DenyResult:
    """Never let the project act, and say nothing of it at the prompt, until it is allowed."""
    path = require_project_path(start)
    trust.deny(tools.settings, path)
    return DenyResult(path)


def revoke_project(tools: Tools, start: Path) -> RevokeResult:
    """Forget what was said of the project at or above `start`, or of one that was there and is gone."""
    path = find_project_path(start)
    gone = Path(os.path.realpath(start))
    if path is None or trust.find_record(tools.settings, gone) is not None:
        path = gone
    return RevokeResult(path, trust.revoke(tools.settings, path))


def known_projects(tools: Tools) -> KnownProjectsResult:
    """All projects of which something was said, in the order of their paths. They are hashed and not parsed."""
    return KnownProjectsResult(tuple(_known(tools, record) for record in trust.iter_records(tools.settings)))


def _known(tools: Tools, record: Record) -> KnownProject:
    contents = len(record.allowed) + (record.placed is not None)
    return KnownProject(record.project, _trust_now(tools, record), contents, record.time)


def _trust_now(tools: Tools, record: Record) -> str:
    if not os.path.lexists(record.project / MANIFEST_NAME):
        return GONE
    if record.denied:
        return Trust.DENIED.value
    try:
        return trust_in(tools, read_project(record.project)).value
    except (DevenvError, OSError):
        return REFUSED


def _read_acting(project: Project, last: LastAllowed) -> Acting | None:
    """What a content says that was allowed once; None where this devenv cannot read it any more."""
    try:
        return Acting(project.manifest, project.lock, last.allowance.files, last.variables)
    except DevenvError:
        return None
