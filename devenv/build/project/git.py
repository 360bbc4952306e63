"""Asks git about a work tree, above all which of its files are source, with nobody having a say in what git does.

A repository's configuration can name programs (FAULTS H-05), so git is run with those keys taken away, without the
configuration of the user and the system (two machines shall have the same source), and on a repository of somebody else
not at all (H-07). It is told where the repository is, so that `core.worktree` cannot turn it elsewhere; it writes
nothing and fetches nothing. What is run is the git that the caller found outside of any project's environment (O-08).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devenv.errors import BuildError
from devenv.fetch.trees.git_program import NEUTRAL
from devenv.fetch.trees.git_program import find_git as find_git  # noqa: PLC0414 - callers find it beside the rest
from devenv.fsutil import read_regular

TIME_LIMIT = 60
"""Seconds for one answer."""
OUTPUT_LIMIT = 256 << 20
"""Bytes of one answer, such as a list of two million long paths."""
REASON_LIMIT = 500
GITFILE_LIMIT = 8192
GITFILE_PREFIX = b"gitdir:"

OPTIONS = (
    ("core.fsmonitor", ""),
    ("core.hooksPath", "/dev/null"),
    ("core.untrackedCache", "false"),
    ("core.excludesFile", "/dev/null"),
    ("protocol.allow", "never"),
)
LISTING = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")

ENVIRONMENT = {**NEUTRAL, "GIT_OPTIONAL_LOCKS": "0"}
"""All that git sees. Without `HOME`, versions that do not know `GIT_CONFIG_GLOBAL` find no configuration either."""


class GitError(Exception):
    """Git did not answer; the text says why, in its words."""


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A directory that git keeps, and the `.git` in it."""

    top: Path
    git_directory: Path


def find_work_tree(directory: Path) -> WorkTree | None:
    """The work tree that `directory`, absolute, lies in; like git, no further up than the file system reaches.

    Raises BuildError (`source-foreign`) where it is somebody else's. Raises OSError.
    """
    device = directory.stat().st_dev
    for top in (directory, *directory.parents):
        if top.stat().st_dev != device:
            return None
        git_directory = top / ".git"
        if _is_repository(git_directory):
            tree = WorkTree(top, git_directory)
            _require_own(tree)
            return tree
    return None


def _is_repository(git_directory: Path) -> bool:
    try:
        return (git_directory / "HEAD").exists() or git_directory.is_file()
    except PermissionError:
        # What cannot be looked into is somebody else's, which its owner will tell.
        return True


def _require_own(tree: WorkTree) -> None:
    """Raise BuildError where another user could have written the configuration that git would read."""
    places = [tree.top, *_iter_git_directories(tree.git_directory)]
    for place in places:
        if place.stat().st_uid not in {os.geteuid(), 0}:
            raise BuildError(
                f"`{place}` belongs to another user, and what a repository's configuration says, git does",
                hint="work in a clone of your own, or change the owner of the files",
                slug="source-foreign",
            )


def _iter_git_directories(git_directory: Path) -> Iterable[Path]:
    """`.git` itself, where it leads in a work tree made by `git worktree` or a submodule, and what those share."""
    yield git_directory
    if git_directory.is_file():
        content = read_regular(git_directory, GITFILE_LIMIT)
        if not content.startswith(GITFILE_PREFIX):
            raise BuildError(f"`{git_directory}` is no file of git's", hint="look at it", slug="git-failed")
        git_directory = git_directory.parent / os.fsdecode(content.removeprefix(GITFILE_PREFIX).strip())
        if not git_directory.is_dir():
            raise BuildError(
                f"`{git_directory.parent}` has no repository any more",
                hint="`git worktree repair`, or `git submodule update`",
                slug="git-failed",
            )
        yield git_directory
    shared = git_directory / "commondir"
    if shared.is_file():
        yield git_directory / os.fsdecode(read_regular(shared, GITFILE_LIMIT).strip())


def list_work_tree(git: Path, tree: WorkTree, directory: Path) -> list[bytes]:
    """Paths relative to `directory`: what git knows below it, and what it does not ignore; in no order.

    Some may not be there (any more), some several times. A submodule is listed by its directory, another repository in
    the work tree by its directory and a slash. Raises BuildError (`git-failed`).
    """
    try:
        output = ask_git(git, tree, directory, LISTING)
    except GitError as error:
        raise BuildError(
            f"git cannot list the files of `{directory}`",
            hint="try `git status` there",
            details=tuple(str(error).splitlines()),
            slug="git-failed",
        ) from error
    return [path for path in output.split(b"\0") if path]


def ask_git(
    git: Path, tree: WorkTree, directory: Path, arguments: Sequence[str], seconds: float | None = None
) -> bytes:
    """What git prints in `directory`, within `seconds` (None: the usual limit). Raises GitError with the reason."""
    options = [word for name, value in OPTIONS for word in ("-c", f"{name}={value}")]
    command = [str(git), *options, f"--git-dir={tree.git_directory}", f"--work-tree={tree.top}", *arguments]
    with tempfile.TemporaryFile() as complaints:
        return _run(command, directory, complaints, TIME_LIMIT if seconds is None else seconds)


def _run(command: list[str], directory: Path, complaints: IO[bytes], seconds: float) -> bytes:
    path = os.pathsep.join([os.path.dirname(command[0]), os.defpath])
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={"PATH": path, **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
    except OSError as error:
        raise GitError(f"{command[0]}: {error.strerror}") from error
    ending = threading.Timer(seconds, process.kill)
    ending.start()
    # Leaving the block waits for the process: it must have been told to end by then, whatever happened.
    with process, contextlib.closing(_Ending(process, ending)):
        assert process.stdout is not None
        output = process.stdout.read(OUTPUT_LIMIT + 1)
        if len(output) > OUTPUT_LIMIT:
            raise GitError(f"it says more than {OUTPUT_LIMIT} bytes")
        status = process.wait()
    if status != 0:
        complaints.seek(0)
        reason = complaints.read(REASON_LIMIT).decode(errors="replace").strip()
        raise GitError(reason or f"it was ended after {seconds:g} seconds")
    return output


@dataclass(frozen=True, slots=True)
class _Ending:
    """Ends a process that still runs, and the clock that would have."""

    process: subprocess.Popen[bytes]
    timer: threading.Timer

    def close(self) -> None:
        """Killing one that has ended does nothing."""
        self.timer.cancel()
        self.process.kill()
