"""Since when a project's lock pins a file, as its history says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devenv.activation.state import leave_inherited
from devenv.build.project.git import GitError, ask_git, find_git, find_work_tree
from devenv.errors import DevenvError
from devenv.manifest.wording import format_shown
from devenv.project_names import LOCK_NAME
from devenv.settings import Settings

SECONDS = 10.0
"""How long the history of a large repository may take to be looked through: somebody waits for an error."""


def find_pinned_since(settings: Settings, environ: Mapping[str, str], project: Path, sha256: str) -> str | None:
    """The commit that brought the hash into the lock, for people; None where there is no telling."""
    try:
        git, tree = find_git(leave_inherited(settings, environ), project), find_work_tree(project)
        if git is None or tree is None:
            return None
        arguments = (
            "log",
            "-1",
            "--no-show-signature",
            "--format=%cs, commit %h by %an",
            f"-S{sha256}",
            "--",
            LOCK_NAME,
        )
        told = ask_git(git, tree, project, arguments, SECONDS).decode(errors="replace").strip()
    except (DevenvError, GitError, OSError):
        return None
    return format_shown(told) or None
