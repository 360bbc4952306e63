"""Where the store keeps its things below the base directory, and whether that place can be trusted.

    <base>/store/____…            the root: objects, and unfinished (`.tmp-…`) or dead (`.trash-…`) trees
    <base>/links/<digest>         one link to each distinct file of the store, so that equal files share one inode
    <base>/locks/<name>           locks of derivations, paths and unfinished trees, there while they are held
    <base>/temporary-roots/<name> what living processes are working with
    <base>/logs/<key>.log, .json  what builds wrote, and the derivations that they were of
    <base>/roots/                 links that a person made: what they lead to stays
    <base>/states/<id>            link to each state directory whose generations are roots
    <base>/store.sqlite           the database
    <base>/reserve                space that a collection on a full disk gives back first
    <base>/*.lock                 of the collection, its marking, the database and the records of links

All of it belongs to one user, whom alone its directories let in.
"""

from __future__ import annotations

import contextlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import StoreError
from devenv.fsutil import make_private_directory, temporary_name
from devenv.store_path import StorePath, find_store_path, store_root

RESERVE_BYTES = 4 << 20
"""What a collection needs at most before it has freed something: the journal of one transaction."""
DEFAULT_ACL = "system.posix_acl_default"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a store below `base`."""

    base: Path
    root: Path

    @property
    def links(self) -> Path:
        """One link to each distinct file."""
        return self.base / "links"

    @property
    def locks(self) -> Path:
        """Locks by name."""
        return self.base / "locks"

    @property
    def temporary_roots(self) -> Path:
        """One file for each process that works with the store."""
        return self.base / "temporary-roots"

    @property
    def roots(self) -> Path:
        """Links that a person made."""
        return self.base / "roots"

    @property
    def logs(self) -> Path:
        """What builds wrote, and what they were."""
        return self.base / "logs"

    def log_path(self, key: str) -> Path:
        """The log of the last build of the derivation `key` (`blake3:…`)."""
        return self.logs / f"{key.removeprefix('blake3:')}.log"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.base / "store.sqlite"

    @property
    def reserve(self) -> Path:
        """Space to give back."""
        return self.base / "reserve"

    @property
    def collector_lock(self) -> Path:
        """Held by a collection from its beginning to its end."""
        return self.base / "collector.lock"

    @property
    def marking_lock(self) -> Path:
        """Held alone while a collection decides and invalidates, shared while a temporary root is written."""
        return self.base / "marking.lock"


def layout_of(base: Path) -> Layout:
    """The layout below `base`. Raises UsageError (`base-invalid`)."""
    return Layout(base, store_root(base))


def open_layout(base: Path) -> Layout:
    """The layout below `base`, with all its directories made.

    Raises UsageError (`base-invalid`) and StoreError (`store-unusable`, `store-unsafe`, `file-system-unfit`).
    """
    layout = layout_of(base)
    try:
        if not layout.root.is_dir():
            _make_root(layout.root)
        for directory in (layout.links, layout.locks, layout.logs, layout.temporary_roots):
            make_private_directory(directory)
        # The base may be a link to another disk: what it leads to counts.
        _require_safe(layout.base.resolve())
        for directory in (
            layout.root.parent,
            layout.root,
            layout.links,
            layout.locks,
            layout.logs,
            layout.temporary_roots,
        ):
            _require_safe(directory)
        make_reserve(layout.reserve)
    except OSError as error:
        raise StoreError(
            f"the store cannot be made at `{base}`: {error.strerror}",
            hint="set `base` in `~/.config/devenv/settings.toml` to a directory that you can write to",
            slug="store-unusable",
        ) from error
    return layout


def iter_objects(root: Path) -> Iterator[StorePath]:
    """What lies in the store at `root` under the name of an object, in order; registered or not. Raises OSError."""
    return filter(None, map(find_store_path, sorted(os.listdir(root))))


def _require_safe(directory: Path) -> None:
    """Raises StoreError where somebody else could change what lies there, or make us write elsewhere (FAULTS B-15)."""
    status = os.stat(directory, follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode):
        problem = "is no directory of its own"
    elif status.st_uid != os.geteuid():
        problem = f"belongs to the user {status.st_uid}, and you are {os.geteuid()}"
    elif status.st_mode & 0o022:
        problem = "can be written by others"
    else:
        return
    raise StoreError(
        f"the store cannot be used: `{directory}` {problem}",
        hint="look who made it; a store belongs to one user, and `base` in the settings chooses another place",
        slug="store-unsafe",
    )


def _make_root(root: Path) -> None:
    make_private_directory(root)
    # Files would inherit access lists that their modes do not show (FAULTS B-17).
    if hasattr(os, "listxattr") and DEFAULT_ACL in os.listxattr(root):
        os.removexattr(root, DEFAULT_ACL)
    _require_exact_names(root)


def _require_exact_names(root: Path) -> None:
    """Raises StoreError where the file system takes two names for one: objects would mix (FAULTS B-05)."""
    name = f"{temporary_name()}-é"
    # In bytes: the locale may know no such letter.
    probe = os.path.join(os.fsencode(root), name.encode())
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        for other in (name.upper(), unicodedata.normalize("NFD", name)):
            if os.path.lexists(os.path.join(os.fsencode(root), other.encode())):
                raise StoreError(
                    f"the file system at `{root.parents[1]}` does not tell `{name}` from `{other}`",
                    hint="set `base` in `~/.config/devenv/settings.toml` to a file system that keeps names as they are",
                    slug="file-system-unfit",
                )
    finally:
        # A process that adds something already may have taken it for what a dead one left, and deleted it.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(probe)


def make_reserve(reserve: Path) -> None:
    """Take the space, unless it is taken. Where there is none now, or we may not write, it is taken another time."""
    with contextlib.suppress(OSError):
        # One that is too small was left by a process that was killed while it took the space.
        if reserve.exists() and reserve.stat().st_size == RESERVE_BYTES:
            return
        descriptor = os.open(reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            else:
                os.write(descriptor, bytes(RESERVE_BYTES))
        except OSError:
            reserve.unlink()
        finally:
            os.close(descriptor)
