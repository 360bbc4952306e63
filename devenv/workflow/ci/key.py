"""What a cache of a closure's archive is called by: it changes with what the archive would hold, and else never."""

from __future__ import annotations

import hashlib
from pathlib import Path

from devenv.environment.project import Project, read_project, require_project_path
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.store.archive import MAGIC
from devenv.system import System
from devenv.workflow.ci.results import CiKeyResult
from devenv.workflow.tools import Tools

KEY_DIGITS = 40


def archive_key(project: Project, system: System) -> str:
    """Of the lock's bytes, the environment, the system and the archive's format: fit for names of files and caches."""
    named = "" if project.selected is None else f" {project.selected}"
    content = MAGIC + b"\0" + f"{system}{named}".encode() + b"\0" + (project.lock_bytes or b"")
    return f"devenv-{system}-{hashlib.sha256(content).hexdigest()[:KEY_DIGITS]}"


def find_key(tools: Tools, start: Path, environment: str = DEFAULT_ENVIRONMENT) -> CiKeyResult:
    """The key of an environment of the project that `start` lies in. Raises UsageError, LockError (`lock-missing`).

    The lock is hashed and not parsed.
    """
    project = read_project(require_project_path(start))
    if project.lock_bytes is None:
        project.require_lock()
    return CiKeyResult(archive_key(project.select(environment), tools.system))
