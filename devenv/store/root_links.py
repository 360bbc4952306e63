"""Links that a person made into the store: what they lead to stays as long as they do (`result` links, profiles).

    <base>/roots/<id>/link    → the link that was made, anywhere
    <base>/roots/<id>/object  → the object that it led to when it was made
    <base>/roots/<id>/disk    → the mount point that it lies below

The link itself decides: where it was changed to lead elsewhere, that counts; where it was deleted, the root has ended.
On a disk that is not mounted it cannot be asked, and what it led to stays (FAULTS D-07).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import UsageError
from devenv.fault_points import fault_point
from devenv.fsutil import (
    TEMPORARY_PREFIX,
    delete_tree,
    exchange,
    locked,
    make_private_directory,
    remove_unfinished,
    rename_new,
    replace_link,
    sync_directory,
    temporary_name,
)
from devenv.mounts import find_mount_point
from devenv.store.layout import Layout
from devenv.store.store import Store
from devenv.store_path import StorePath, find_store_path, parse_store_path


@dataclass(frozen=True, slots=True)
class RootLink:
    """A link and the object that it keeps. `entry` is the record of it; without an object (None) the root has ended."""

    link: Path
    object: StorePath | None
    entry: Path


def add_root_link(store: Store, link: Path, path: StorePath) -> None:
    """Make `link` lead to the object `path`, and keep that as long as it does.

    A link into a store that is there is replaced; raises UsageError (`link-occupied`) where something else is.
    """
    if os.path.lexists(link) and not _leads_into_store(link):
        raise UsageError(
            f"`{link}` is there and is no link into a store",
            hint="name another place for the link",
            slug="link-occupied",
        )
    absolute = Path(os.path.realpath(link.parent)) / link.name
    store.keep([path])
    if _is_recorded(store.layout, absolute, store.path(path)):
        return
    # The record comes first: a link without one would keep nothing.
    _record(store.layout, absolute, store.path(path))
    fault_point("roots.link")
    remove_unfinished(absolute.parent)
    replace_link(absolute, str(store.path(path)))


def _leads_into_store(link: Path) -> bool:
    """Whether it is a link that one of us made, into this store or another."""
    return link.is_symlink() and any(find_store_path(name) is not None for name in Path(os.readlink(link)).parts)


def _entry_path(layout: Layout, link: Path) -> Path:
    return layout.roots / hashlib.sha256(os.fsencode(link)).hexdigest()[:32]


def _is_recorded(layout: Layout, link: Path, target: Path) -> bool:
    """Whether `link` leads to `target` already and keeps it."""
    entry = _entry_path(layout, link)
    with contextlib.suppress(OSError):
        return {os.readlink(link), os.readlink(entry / "object")} == {str(target)}
    return False


def _record(layout: Layout, link: Path, target: Path) -> None:
    with _records_locked(layout):
        entry = _entry_path(layout, link)
        temporary = make_private_directory(layout.roots / temporary_name())
        try:
            os.symlink(link, temporary / "link")
            os.symlink(target, temporary / "object")
            os.symlink(find_mount_point(link.parent), temporary / "disk")
            fault_point("roots.record")
            sync_directory(temporary)
            try:
                rename_new(temporary, entry)
            except FileExistsError:
                # The link may lead to another object as yet: at no time is it without a record.
                exchange(temporary, entry)
        finally:
            delete_tree(temporary)
        sync_directory(layout.roots)


@contextlib.contextmanager
def _records_locked(layout: Layout) -> Iterator[None]:
    """While this lasts, unfinished records are those of dead processes."""
    make_private_directory(layout.roots)
    with locked(layout.roots.with_name("roots.lock")):
        yield


def iter_root_links(layout: Layout) -> Iterator[RootLink]:
    """All links that were made, in the order of their records; unfinished and unreadable ones are left out."""
    with contextlib.suppress(FileNotFoundError):
        for name in sorted(os.listdir(layout.roots)):
            if name.startswith(TEMPORARY_PREFIX):
                continue
            entry = layout.roots / name
            with contextlib.suppress(OSError, ValueError):
                link = Path(os.readlink(entry / "link"))
                yield RootLink(link, _find_object(layout.root, entry, link), entry)


def remove_ended_links(layout: Layout) -> None:
    """Delete the records of links that are gone, and what killed processes left."""
    with _records_locked(layout):
        for each in iter_root_links(layout):
            if each.object is None:
                delete_tree(each.entry)
        for name in os.listdir(layout.roots):
            if name.startswith(TEMPORARY_PREFIX):
                delete_tree(layout.roots / name)


def _find_object(root: Path, entry: Path, link: Path) -> StorePath | None:
    """What the link leads to now; what it led to, where its disk is not mounted or it cannot be read."""
    try:
        return _object_of(root, os.readlink(link))
    except (FileNotFoundError, NotADirectoryError):
        if os.path.ismount(os.readlink(entry / "disk")):
            return None
    except OSError as error:
        # It is a file now, or lies where we must not look: the first has ended, the second may not have (D-06).
        if error.errno == errno.EINVAL:
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
