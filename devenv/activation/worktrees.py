"""The other worktrees of the git repository that a project lies in, for those who share trust among them.

Read from git's files, without git: what it would run is set by the repository (gitrepository-layout(5),
git-worktree(1)).

    <main>/.git/                        the repository; or any directory, of a bare one
    <repository>/worktrees/<id>/gitdir  path of `<worktree>/.git`
                                commondir   `../..`
    <worktree>/.git                     `gitdir: <repository>/worktrees/<id>`

A checkout can claim anything in a `.git` of its own, so nothing is believed that does not point back: the repository
must name this very directory, and every sibling the same repository. Whoever could forge that could write into the
user's own repository. No path may go through a symbolic link, and all on the way must be the user's own, or root's, and
not writable by others.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from devenv import fsutil

GIT_NAME = ".git"
LINK_PREFIX = b"gitdir: "
LINK_LIMIT = 16 << 10
"""Bytes of a file that names a path."""
WORKTREE_LIMIT = 1000
"""Worktrees that are looked at: more than anybody has."""


class _ForgedError(Exception):
    """Something is not as git would have made it, or not the user's own."""


def iter_siblings(project: Path) -> Iterator[Path]:
    """Where `project`, an absolute path without symbolic links, lies in the other worktrees of its repository."""
    top = next((each for each in (project, *project.parents) if os.path.lexists(each / GIT_NAME)), None)
    if top is None:
        return
    try:
        _require_own_way(project)
        repository = _find_repository(top)
        worktrees = list(islice(_iter_worktrees(repository), WORKTREE_LIMIT))
    except (OSError, _ForgedError):
        return
    for each in worktrees:
        if each != top and _belongs(each, repository):
            yield each / project.relative_to(top)


def _belongs(worktree: Path, repository: Path) -> bool:
    try:
        return _find_repository(worktree) == repository
    except (OSError, _ForgedError):
        return False


def _find_repository(top: Path) -> Path:
    """The repository that the worktree at `top` belongs to. Raises OSError, _ForgedError."""
    git = top / GIT_NAME
    _require_own_way(git)
    if stat.S_ISDIR(git.lstat().st_mode):
        # A worktree's own part of a repository, put here as if it were a whole one, has this file.
        if os.path.lexists(git / "commondir"):
            raise _ForgedError
        return git
    link = _read_line(git)
    if not link.startswith(LINK_PREFIX):
        raise _ForgedError
    own = _named_path(top, link.removeprefix(LINK_PREFIX))
    if own.parent.name != "worktrees":
        raise _ForgedError
    if _named_path(own, _read_line(own / "gitdir")) != git:
        raise _ForgedError
    repository = own.parent.parent
    if _named_path(own, _read_line(own / "commondir")) != repository:
        raise _ForgedError
    return repository


def _iter_worktrees(repository: Path) -> Iterator[Path]:
    """The directories that the repository calls its worktrees; whether they agree is not said."""
    if repository.name == GIT_NAME:
        yield repository.parent
    try:
        names = sorted(os.listdir(repository / "worktrees"))
    except FileNotFoundError:
        return
    for name in names:
        own = repository / "worktrees" / name
        try:
            git = _named_path(own, _read_line(own / "gitdir"))
        except (OSError, _ForgedError):
            # One that was deleted, say.
            continue
        if git.name == GIT_NAME:
            yield git.parent


def _named_path(base: Path, name: bytes) -> Path:
    """The path that stands in one of git's files: absolute, or relative to `base`. Raises OSError, _ForgedError."""
    path = Path(os.path.normpath(base / os.fsdecode(name)))
    _require_own_way(path)
    return path


def _read_line(path: Path) -> bytes:
    """The one line of a file that names a path. Raises OSError, _ForgedError."""
    _require_own_way(path)
    line = fsutil.read_regular(path, LINK_LIMIT).removesuffix(b"\n")
    if not line or b"\0" in line:
        raise _ForgedError
    return line


def _require_own_way(path: Path) -> None:
    """Raises _ForgedError where anybody else could put something else at `path`, or a symbolic link is on the way."""
    for each in (path, *path.parents):
        status = each.lstat()
        if stat.S_ISLNK(status.st_mode) or status.st_uid not in {os.geteuid(), 0}:
            raise _ForgedError
        # In a sticky directory nobody renames what is another's.
        is_sticky = bool(each != path and status.st_mode & stat.S_ISVTX)
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky:
            raise _ForgedError
