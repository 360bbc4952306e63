"""A project on disk: its directory, and the bytes of its manifest and lock, read once.

Whatever is decided about a project (trust, satisfaction, evaluation) is decided about these bytes: nothing reads the
files a second time (FAULTS L-03).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.activation.watched import (
    WatchedFile,
    WatchedFiles,
    content_digest,
    file_digest,
    project_digest,
    read_watched_file,
    read_watched_files,
)
from devenv.errors import ForeignFileError, LockError, Place, UsageError
from devenv.fsutil import remove_unfinished, write_atomic
from devenv.project_names import LOCK_NAME, MANIFEST_NAME

if TYPE_CHECKING:
    from devenv.lock.model import Lock
    from devenv.manifest.model import Manifest, NamedEnvironment

CONTENT_LIMIT = 16 << 20
"""Bytes of a manifest or a lock."""

FOREIGN_NAMES = ("devenv.nix", "devenv.yaml")
"""Files of the other tool called devenv; its `devenv.lock` is JSON."""


@dataclass(frozen=True)
class Project:
    """A directory with a manifest. `lock_bytes` is None where there is no lock."""

    path: Path
    manifest_bytes: bytes
    lock_bytes: bytes | None
    files: WatchedFiles | None = None
    """The files as they were read; None for content that is not written yet."""
    frozen: bool = False
    """Whether the lock is used as it is, though it may not answer the manifest: that makes another environment."""
    selected: str | None = None
    """The named environment that is meant; None: the default. `manifest` and `lock` are then those of it alone."""
    _further: dict[str, WatchedFile] = field(default_factory=dict, repr=False, compare=False)
    """Further files that were read already, by their names: none is read twice (FAULTS L-03)."""

    @property
    def manifest_path(self) -> Path:
        """Where the manifest lies."""
        return self.path / MANIFEST_NAME

    @property
    def lock_path(self) -> Path:
        """Where the lock lies, or will."""
        return self.path / LOCK_NAME

    def select(self, environment: str) -> Project:
        """The same files with another environment of theirs. It is looked for when it is asked for something."""
        from devenv.manifest.model import DEFAULT_ENVIRONMENT

        return replace(self, selected=None if environment == DEFAULT_ENVIRONMENT else environment)

    @functools.cached_property
    def whole(self) -> Project:
        """The same files as they are, with all environments: what trust is about."""
        return self if self.selected is None and not self.frozen else replace(self, selected=None, frozen=False)

    @functools.cached_property
    def manifest(self) -> Manifest:
        """What the manifest says. Raises ManifestError, ForeignFileError; UsageError (`environment-unknown`)."""
        from devenv.manifest.parse import parse_manifest

        if self.selected is not None:
            return self.whole.manifest.select(self.selected)
        return parse_manifest(self.manifest_bytes, str(self.manifest_path))

    @functools.cached_property
    def lock(self) -> Lock | None:
        """What the lock says; None where there is none. Raises LockError, ForeignFileError, and as `manifest` does."""
        from devenv.lock.parse import parse_lock

        if self.selected is not None:
            whole = self.whole
            return None if whole.lock is None else whole.lock.select(self.selected, whole.manifest)
        return None if self.lock_bytes is None else parse_lock(self.lock_bytes, str(self.lock_path))

    @functools.cached_property
    def watched(self) -> tuple[WatchedFile, ...]:
        """The files that decide what the environment is, as they were read; empty for content that is not written yet.

        Those besides manifest and lock are read when this is asked for first: where that content is allowed, or is
        going to be. Raises ManifestError, and as `read_watched_file` does.
        """
        if self.files is None:
            return ()
        return (*self.files, *map(self.further_file, acting_names(self.manifest)))

    def further_file(self, name: str) -> WatchedFile:
        """A file besides manifest and lock, read when it is first asked for. Raises as `read_watched_file` does."""
        if name not in self._further:
            self._further[name] = read_watched_file(self.path, name)
        return self._further[name]

    def further_digests(self, names: Iterable[str]) -> dict[str, str | None]:
        """The digests of such files, by their names; None: it is missing. Raises as `read_watched_file` does."""
        return {name: file_digest(self.further_file(name)) for name in names}

    @property
    def content_digest(self) -> str:
        """The digest of manifest and lock, wherever the project lies: what trust is about, with the further files."""
        return content_digest(self.manifest_bytes, self.lock_bytes)

    @property
    def digest(self) -> str:
        """The digest of manifest and lock at this path: what a generation is made of."""
        return project_digest(
            self.path, self.manifest_bytes, self.lock_bytes, frozen=self.frozen, environment=self.selected
        )

    def require_lock(self) -> Lock:
        """The lock. Raises LockError (`lock-missing`)."""
        if self.lock is None:
            raise LockError(
                f"`{self.path}` has no `{LOCK_NAME}`",
                hint="run `devenv lock` to make one",
                place=Place(str(self.lock_path)),
                slug="lock-missing",
            )
        return self.lock


def acting_names(manifest: Manifest) -> tuple[str, ...]:
    """The files that decide what the environment is, besides manifest and lock: sorted, relative to the project.

    With those of all named environments, where the manifest has some.
    """
    parts: tuple[Manifest | NamedEnvironment, ...] = (manifest, *manifest.environments.values())
    patches = {patch for part in parts for each in part.packages.values() for patch in each.overrides.patches}
    return tuple(sorted({*dotenv_names(manifest), *patches}))


def dotenv_names(manifest: Manifest) -> tuple[str, ...]:
    """The files with variables, of all its environments, each once."""
    names = [*manifest.dotenv, *(name for each in manifest.environments.values() for name in each.dotenv)]
    return tuple(dict.fromkeys(names))


def find_project_path(start: Path) -> Path | None:
    """The nearest directory at or above `start` that has a manifest, by its path without symbolic links."""
    start = Path(os.path.realpath(start))
    return next((each for each in (start, *start.parents) if os.path.lexists(each / MANIFEST_NAME)), None)


def require_project_path(start: Path) -> Path:
    """Like `find_project_path`. Raises ForeignFileError beside another tool's files, else UsageError."""
    path = find_project_path(start)
    if path is None:
        refuse_foreign_directory(start)
        raise UsageError(
            f"there is no `{MANIFEST_NAME}` in `{start}` or above it",
            hint="run `devenv init` to make a project here",
            slug="project-missing",
        )
    return path


def refuse_foreign_directory(directory: Path) -> None:
    """Raises ForeignFileError where another tool called devenv has its files in `directory`."""
    for name in FOREIGN_NAMES:
        if os.path.lexists(directory / name):
            raise ForeignFileError(
                f"`{directory}` belongs to another tool called devenv; nothing was changed",
                hint=f"work in another directory, or move `{name}` away",
                place=Place(str(directory / name)),
            )


def read_project(path: Path) -> Project:
    """The project at `path`. Raises UsageError (`project-missing`, `project-unreadable`), TrustError."""
    files = read_watched_files(path)
    if files.manifest.content is None:
        raise UsageError(
            f"there is no `{MANIFEST_NAME}` in `{path}`", hint="run `devenv init` there", slug="project-missing"
        )
    return Project(path, files.manifest.content, files.lock.content, files)


def read_project_tree(path: Path) -> Project:
    """The project in a tree of the store: nobody's to edit, watch or allow. Raises UsageError (`project-missing`)."""
    from devenv.fsutil import read_regular

    def read(name: str) -> bytes | None:
        try:
            return read_regular(path / name, CONTENT_LIMIT)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"`{path / name}` cannot be read: {error.strerror}", slug="project-missing") from error

    manifest = read(MANIFEST_NAME)
    if manifest is None:
        raise UsageError(f"there is no `{MANIFEST_NAME}` in `{path}`", slug="project-missing")
    return Project(path, manifest, read(LOCK_NAME))


def write_project(before: Project, after: Project) -> Project:
    """Replace the project `before`, as it was read, by `after`; files that stay as they are are not written.

    Returns `after` with the files as they are now; without, where somebody changed them at that very moment: then
    nothing vouches for what is there. Raises UsageError (`project-changed`) where the files are not those of `before`
    any more: what an editor or a merge wrote meanwhile is not overwritten. The caller holds `project_locked`.
    """
    remove_unfinished(before.path)
    there = read_project(before.path)
    if not _is_same(there, before):
        raise UsageError(
            f"`{before.path}` was changed by somebody else meanwhile; nothing was written",
            hint="run the command again",
            slug="project-changed",
        )
    if after.lock_bytes is not None and after.lock_bytes != there.lock_bytes:
        write_atomic(after.lock_path, after.lock_bytes)
    if after.manifest_bytes != there.manifest_bytes:
        write_atomic(after.manifest_path, after.manifest_bytes, after.manifest_path.stat().st_mode & 0o777)
    written = read_project(after.path)
    return replace(after, files=written.files if _is_same(written, after) else None)


def _is_same(first: Project, second: Project) -> bool:
    return (first.manifest_bytes, first.lock_bytes) == (second.manifest_bytes, second.lock_bytes)
