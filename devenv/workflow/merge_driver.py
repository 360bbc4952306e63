"""Git's merge driver for locks: what git calls, and what has git call it.

Git gives three files and takes the first for the result. Whatever else happens than a merge that worked, or a conflict
that was written down whole, git's own way of merging follows (`driver_command`): nothing of either side is ever lost.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from devenv.activation.state import leave_inherited
from devenv.build.project.git import GitError, WorkTree, ask_git, find_git, find_work_tree
from devenv.environment.project import require_project_path
from devenv.errors import BuildError, UsageError
from devenv.fsutil import read_regular, write_atomic
from devenv.lock.merge_text import merge_lock_texts
from devenv.lock.parse import SIZE_LIMIT
from devenv.project_names import LOCK_NAME
from devenv.workflow.merge_results import MergeDriverResult
from devenv.workflow.tools import Tools

DRIVER = "devenv-lock"
ATTRIBUTES = ".gitattributes"
ATTRIBUTES_LIMIT = 1 << 20
LINE = f"{LOCK_NAME} merge={DRIVER}"
CONFLICT_STATUS = 9
"""How the driver says that both sides are in the file, between markers."""
MARKER_SIZES = range(1, 1000)


def merge_files(base: Path, ours: Path, theirs: Path, marker_size: int) -> int:
    """Merge into the file `ours`; returns how many conflicts are in it. Raises LockError, then it is as it was."""
    before = read_regular(base, SIZE_LIMIT)
    merged = merge_lock_texts(
        before if before.strip() else None,
        read_regular(ours, SIZE_LIMIT),
        read_regular(theirs, SIZE_LIMIT),
        marker_size,
        LOCK_NAME,
    )
    write_atomic(ours, merged.content, ours.stat().st_mode & 0o777)
    return merged.conflicts


def driver_command(program: Path) -> str:
    """What git runs, in a shell, with its own `%`: a devenv that is gone or fails leaves the merge to git."""
    devenv = shlex.quote(str(program)).replace("%", "%%")
    return (
        f"{devenv} merge-driver %O %A %B %L; case $? in 0) exit 0;; {CONFLICT_STATUS}) exit 1;; esac; "
        "exec git merge-file -q --diff3 -L ours -L base -L theirs --marker-size=%L %A %O %B"
    )


def install_driver(tools: Tools, start: Path, program: Path) -> MergeDriverResult:
    """Have git merge the locks of this repository with `program`.

    Raises UsageError (`repository-missing`, `attributes-refused`), BuildError (`git-failed`, `source-foreign`).
    """
    path = require_project_path(start)
    git, tree = find_git(leave_inherited(tools.settings, tools.environ), path), find_work_tree(path)
    if git is None or tree is None:
        reason = f"`{path}` is in no git repository" if git is not None else "there is no `git` on `PATH`"
        raise UsageError(reason, hint="`git init` makes one", slug="repository-missing")
    changed = _add_line(path / ATTRIBUTES)
    _configure(git, tree, path, "name", "locks of devenv, package by package")
    _configure(git, tree, path, "driver", driver_command(program))
    # Between versions that were merged themselves (a criss-cross), the older one is taken as the base.
    _configure(git, tree, path, "recursive", "binary")
    return MergeDriverResult(path / ATTRIBUTES, changed)


def _configure(git: Path, tree: WorkTree, path: Path, key: str, value: str) -> None:
    try:
        ask_git(git, tree, path, ("config", "--local", f"merge.{DRIVER}.{key}", value))
    except GitError as error:
        raise BuildError(
            "git cannot be told of the merge driver",
            hint="look at the repository's `.git/config`",
            details=tuple(str(error).splitlines()),
            slug="git-failed",
        ) from error


def _add_line(attributes: Path) -> bool:
    """Add the line that names the driver, unless it is there. Raises UsageError (`attributes-refused`)."""
    if attributes.is_symlink():
        raise UsageError(
            f"`{attributes}` is a symbolic link, which git does not follow",
            hint="put a file there",
            slug="attributes-refused",
        )
    try:
        content, mode = read_regular(attributes, ATTRIBUTES_LIMIT), attributes.stat().st_mode & 0o777
    except FileNotFoundError:
        content, mode = b"", 0o644
    if LINE.encode() in (line.strip() for line in content.splitlines()):
        return False
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    write_atomic(attributes, b"%b%b%b\n" % (content, separator, LINE.encode()), mode)
    return True
