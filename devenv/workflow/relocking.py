"""A project whose lock is about to be written anew, by whichever verb."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from devenv.activation.trust import Trust
from devenv.environment.project import Project, read_project, require_project_path, write_project
from devenv.generations.generations import project_locked
from devenv.lock.format import format_lock
from devenv.lock.model import Lock
from devenv.manifest.model import usual_suite
from devenv.workflow.allowed import record_allowed, trust_in
from devenv.workflow.tools import Tools


@dataclass(frozen=True, slots=True)
class Relocking:
    """The project as it was read, and whether it was allowed then."""

    tools: Tools
    project: Project
    was_allowed: bool

    def write(self, lock: Lock) -> Project:
        """Write the lock; a project that was allowed stays allowed. Raises as `write_project` does."""
        written = write_project(self.project, replace(self.project, lock_bytes=format_lock(lock)))
        if self.was_allowed:
            record_allowed(self.tools.settings, written)
        return written


@contextmanager
def relocking(tools: Tools, start: Path) -> Iterator[Relocking]:
    """The project that `start` lies in, which nobody else locks meanwhile. Raises as `read_project` does."""
    path = require_project_path(start)
    with project_locked(tools.settings, path):
        project = read_project(path)
        tools.usual_suite = usual_suite(project.manifest.inputs)
        yield Relocking(tools, project, trust_in(tools, project) is Trust.ALLOWED)
