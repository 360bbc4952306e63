"""Reads files as git's revisions have them, as careful as `git`: plumbing alone, which runs no filter and no pager."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.build.project.git import GitError, WorkTree, ask_git, find_git, find_work_tree
from devenv.errors import BuildError, UsageError

REVISION = re.compile(r"(?!-)[^\x00-\x20\x7f:]{1,250}")
"""What may name a revision: `main`, `HEAD~3`, `v1.2^{}`. Not an option, and not a path in a revision."""
COMMIT_HASH = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\n")
ENTRY = re.compile(rb"(?P<mode>[0-7]{6}) (?P<type>[a-z]+) (?P<hash>[0-9a-f]{40,64}) +(?P<size>[0-9]{1,15})\t[^\0]*\0")
FILE_MODES = frozenset({b"100644", b"100755"})


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revisions of the repository that a directory lies in."""

    git: Path
    tree: WorkTree
    directory: Path

    def find(self, revision: str) -> str:
        """The hash of the commit that `revision` names. Raises UsageError (`revision-unknown`), BuildError."""
        if REVISION.fullmatch(revision) is None:
            raise _unknown(revision, self.directory)
        return self._ask(("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"), revision)

    def find_base(self, first: str, second: str) -> str:
        """The hash of the commit where two, by their hashes, parted. Raises UsageError (`revision-unknown`)."""
        return self._ask(("merge-base", first, second), f"{first}...{second}")

    def _ask(self, arguments: tuple[str, ...], revision: str) -> str:
        try:
            answer = ask_git(self.git, self.tree, self.tree.top, arguments)
        except GitError as error:
            raise _unknown(revision, self.directory, str(error)) from error
        if COMMIT_HASH.fullmatch(answer) is None:
            raise _unknown(revision, self.directory)
        return answer.decode().strip()

    def read(self, commit: str, name: str, limit: int) -> bytes | None:
        """The file `name` of the directory in a commit (by its hash); None where it has none.

        Raises BuildError (`git-failed`), also where it has more than `limit` bytes.
        """
        path = os.fspath((self.directory / name).relative_to(self.tree.top))
        try:
            listed = ask_git(self.git, self.tree, self.tree.top, ("ls-tree", "-lz", "--full-tree", commit, "--", path))
            entry = ENTRY.fullmatch(listed)
            if entry is None or entry["mode"] not in FILE_MODES:
                return None
            if int(entry["size"]) > limit:
                raise GitError(f"{name} has more than {limit} bytes")
            return ask_git(self.git, self.tree, self.tree.top, ("cat-file", "blob", entry["hash"].decode()))
        except GitError as error:
            raise BuildError(
                f"git cannot say what `{commit}` holds",
                hint=f"try `git show {commit}` in `{self.directory}`",
                details=tuple(str(error).splitlines()),
                slug="git-failed",
            ) from error


def open_revisions(environ: Mapping[str, str], directory: Path) -> Revisions:
    """The revisions of the repository that `directory`, absolute, lies in; `environ` is without an environment's.

    Raises UsageError (`repository-missing`), BuildError (`source-foreign`).
    """
    tree = find_work_tree(directory)
    git = find_git(environ, directory)
    if tree is None or git is None:
        lacking = "there is no `git`" if tree is not None else f"`{directory}` lies in no repository of git"
        raise UsageError(
            f"{lacking}, so that no revision can be looked at",
            hint="compare two files: `devenv diff OLD.lock NEW.lock`",
            slug="repository-missing",
        )
    return Revisions(git, tree, directory)


def _unknown(revision: str, directory: Path, reason: str = "") -> UsageError:
    shown = revision[:100] if revision.isprintable() else ascii(revision[:100])
    return UsageError(
        f"git knows no revision `{shown}` in `{directory}`",
        hint="name a branch, a tag or a commit, or write a file as `./FILE`",
        details=tuple(reason.splitlines()),
        slug="revision-unknown",
    )
