"""Links that a person made into the store: what they lead to stays as long as they do (`result` links, profiles).

    <base>/roots/<id>/link    → the link that was made, anywhere
    <base>/roots/<id>/object  → the object that it led to when it was made
    <base>/roots/<id>/disk    → the mount point that it lies below

The link itself decides: where it was changed to lead elsewhere, that counts; where it was deleted, the root has ended.
On a disk that is not mounted it cannot be asked, and what it led to stays (FAULTS D-07).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import UsageError
from devenv.fault_points import fault_point
from devenv.fsutil import delete_tree, make_private_directory, rename_new, replace_link, sync_directory, temporary_name
from devenv.mounts import is_mounted, mount_point_of
from devenv.store.layout import Layout
from devenv.store.store import Store
from devenv.store_path import StorePath, parse_store_path


@dataclass(frozen=True, slots=True)
class RootLink:
    """A link and the object that it keeps. `entry` is the record of it; without an object (None) the root has ended."""

    link: Path
    object: StorePath | None
    entry: Path


def add_root_link(store: Store, link: Path, path: StorePath) -> None:
    """Make `link` lead to the object `path`, and keep that as long as it does.

    A link that is there is replaced; raises UsageError (`link-occupied`) where something else is.
    """
    if os.path.lexists(link) and not link.is_symlink():
        raise UsageError(
            f"`{link}` is there and is no link", hint="name another place for the link", slug="link-occupied"
        )
    absolute = Path(os.path.realpath(link.parent)) / link.name
    store.keep([path])
    # The record comes first: a link without one would keep nothing.
    _record(store.layout, absolute, store.path(path))
    fault_point("roots.link")
    replace_link(absolute, str(store.path(path)))


def _record(layout: Layout, link: Path, target: Path) -> None:
    roots = make_private_directory(layout.roots)
    entry = roots / hashlib.sha256(os.fsencode(link)).hexdigest()[:32]
    temporary = make_private_directory(roots / temporary_name())
    try:
        os.symlink(link, temporary / "link")
        os.symlink(target, temporary / "object")
        os.symlink(mount_point_of(link.parent), temporary / "disk")
        fault_point("roots.record")
        delete_tree(entry)
        rename_new(temporary, entry)
    finally:
        delete_tree(temporary)
    sync_directory(roots)


def iter_root_links(layout: Layout) -> Iterator[RootLink]:
    """All links that were made, in the order of their records; unfinished and unreadable ones are left out."""
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(layout.roots)):
            entry = layout.roots / name
            with contextlib.suppress(OSError, ValueError):
                link = Path(os.readlink(entry / "link"))
                yield RootLink(link, _find_object(layout.root, entry, link), entry)


def _find_object(root: Path, entry: Path, link: Path) -> StorePath | None:
    """What the link leads to now; what it led to, where its disk is not mounted or it cannot be read."""
    try:
        return _object_of(root, os.readlink(link))
    except FileNotFoundError:
        if is_mounted(Path(os.readlink(entry / "disk"))):
            return None
    except OSError:
        # It is a file now, or lies where we must not look: the first has ended, the second may not have.
        if link.exists():
            return None
    return _object_of(root, os.readlink(entry / "object"))


def _object_of(root: Path, target: str) -> StorePath | None:
    """The object that lies at `target` or around it."""
    path = Path(target)
    if not path.is_relative_to(root) or path == root:
        return None
    with contextlib.suppress(ValueError):
        return parse_store_path(path.relative_to(root).parts[0])
    return None
