"""What a cache of a closure's archive is called by: it changes with what the archive would hold, and else never."""

from __future__ import annotations

import hashlib
from pathlib import Path

from devenv.environment.project import read_project, require_project_path
from devenv.store.archive import MAGIC
from devenv.system import System
from devenv.workflow.ci_results import CiKeyResult
from devenv.workflow.tools import Tools

KEY_DIGITS = 40


def archive_key(lock: bytes, system: System) -> str:
    """Of the lock's bytes, the system and the archive's format: fit for names of files and of caches."""
    digest = hashlib.sha256(MAGIC + b"\0" + str(system).encode() + b"\0" + lock).hexdigest()
    return f"devenv-{system}-{digest[:KEY_DIGITS]}"


def find_key(tools: Tools, start: Path) -> CiKeyResult:
    """The key of the project that `start` lies in. Raises UsageError, LockError (`lock-missing`).

    The lock is hashed and not parsed.
    """
    project = read_project(require_project_path(start))
    if project.lock_bytes is None:
        project.require_lock()
    return CiKeyResult(archive_key(project.lock_bytes or b"", tools.system))
