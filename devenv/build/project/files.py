"""Which of a project's files are its source.

In a git work tree: what git knows and what it does not ignore, with the content that it has on the disk. A submodule,
or another repository inside, counts by the same rules; a submodule that is not checked out is an error, since the
source would be another one. Outside of work trees: everything. In neither case: `.git`, `.devenv`, a virtual
environment that devenv made, and links into the store (`result`), which say something of this machine. Empty
directories are no source, as in git.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.build.project.git import find_work_tree, list_work_tree
from devenv.errors import BuildError
from devenv.manifest.grammar import OWN_DIRECTORIES
from devenv.nar.nodes import MAX_DEPTH, NodePath
from devenv.project_names import DIRECTORY_MARKER

ENTRY_LIMIT = 500_000
"""Files of one source. Where there are more, something was caught up that was not meant."""

NESTING_LIMIT = 16
"""Repositories inside of repositories."""

OWN_NAMES = frozenset(os.fsencode(name) for name in OWN_DIRECTORIES)
MARKER = os.fsencode(DIRECTORY_MARKER)


@dataclass(frozen=True, slots=True)
class SourceRules:
    """What decides besides the project itself."""

    git: Path | None = None
    """The program, found outside of any project's environment (`devenv.build.project.git.find_git`)."""
    store: Path | None = None
    """The store's root: links into it are left out by whoever reads the files."""
    nested: bool = True
    """Whether submodules and other repositories in the work tree are part of it."""


def list_files(directory: Path, rules: SourceRules) -> list[NodePath]:
    """Paths relative to `directory`, which is absolute: sorted as the entries of a tree are.

    They are names only: some may be gone, or turn out to be no files, when they are read.
    Raises BuildError (`git-failed`, `git-missing`, `source-foreign`, `source-too-large`, `submodule-missing`), OSError.
    """
    return sorted(_list(directory, rules, 0))


def _list(directory: Path, rules: SourceRules, depth: int) -> set[NodePath]:
    tree = find_work_tree(directory)
    if tree is None:
        return _collect(_walk(os.fsencode(directory), ()), directory)
    if rules.git is None:
        raise BuildError(
            f"`{tree.top}` is kept by git, which says what its source is, but there is no `git` on `PATH`",
            hint="install git",
            slug="git-missing",
        )
    listed = list_work_tree(rules.git, tree, directory)
    paths = _collect((tuple(path.split(b"/")) for path in listed if not path.endswith(b"/")), directory)
    nested = {tuple(path.rstrip(b"/").split(b"/")) for path in listed if path.endswith(b"/")}
    place = os.fsencode(directory)
    for path in nested | {path for path in paths if _is_directory(place, path)}:
        paths.discard(path)
        if not rules.nested:
            continue
        if depth == NESTING_LIMIT:
            raise _too_large(directory, f"more than {NESTING_LIMIT} repositories inside of each other")
        paths |= {(*path, *below) for below in _list_nested(_join(directory, path), rules, depth + 1)}
    return paths


def _list_nested(directory: Path, rules: SourceRules, depth: int) -> set[NodePath]:
    """What the source has of a repository inside of it, or of what has taken the place of a file that git knows."""
    if os.path.lexists(directory / ".git"):
        return _list(directory, rules, depth)
    if not os.listdir(directory):
        raise BuildError(
            f"the submodule `{directory}` is not checked out",
            hint="`git submodule update --init`",
            slug="submodule-missing",
        )
    # A directory where git knows a file: what is in it, git lists by itself.
    return set()


def _collect(paths: Iterator[NodePath], directory: Path) -> set[NodePath]:
    found: set[NodePath] = set()
    for path in paths:
        if OWN_NAMES.isdisjoint(path):
            found.add(path)
            if len(found) > ENTRY_LIMIT:
                raise _too_large(directory, f"more than {ENTRY_LIMIT} files")
    return found


def _walk(directory: bytes, above: NodePath) -> Iterator[NodePath]:
    """Everything below `directory` that is no directory; links are not followed."""
    if len(above) > MAX_DEPTH:
        raise _too_large(Path(os.fsdecode(directory)), f"directories more than {MAX_DEPTH} deep")
    with os.scandir(directory) as entries:
        for entry in entries:
            path = (*above, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in OWN_NAMES and not os.path.isfile(os.path.join(entry.path, MARKER)):
                    yield from _walk(entry.path, path)
            else:
                yield path


def _is_directory(directory: bytes, path: NodePath) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(os.path.join(directory, *path)).st_mode)
    except OSError:
        return False


def _join(directory: Path, path: NodePath) -> Path:
    return directory.joinpath(*map(os.fsdecode, path))


def _too_large(directory: Path, what: str) -> BuildError:
    return BuildError(
        f"the source `{directory}` has {what}",
        hint="name a smaller `source`, or have git ignore what does not belong to it",
        slug="source-too-large",
    )
