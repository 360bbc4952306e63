"""Keeps the mirrors of git repositories within bounds: those that were not used for longest go first.

    <mirrors>/<40 hex>        a bare repository (`devenv.fetch.trees.git`)
    <mirrors>/<40 hex>.lock   held by whoever changes it; its time is that of the last use

A mirror that somebody holds stays. Nothing is lost with one: trees that are pinned are objects of the store.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from devenv.fetch.eviction import CachedFile, Cleaning, make_cleaning, plan_eviction
from devenv.fsutil import delete_tree, locked

MIRRORS_LIMIT = 2 << 30
"""Bytes: hundreds of repositories without their histories."""

MIRROR = re.compile(r"[0-9a-f]{40}", re.ASCII)


def list_mirrors(mirrors: Path) -> list[CachedFile]:
    """All mirrors, each as one, in no order."""
    found = []
    for path in mirrors.glob("*"):
        if MIRROR.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            lock = mirrors / f"{path.name}.lock"
            used = (lock if lock.exists() else path).stat().st_mtime_ns
            found.append(CachedFile(used, _size_of(path), "", path.name))
    return found


def _size_of(directory: Path) -> int:
    size = 0
    for place, _, names in os.walk(directory):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return size


def plan_mirror_cleaning(mirrors: Path, limit: int = MIRRORS_LIMIT) -> Cleaning:
    """What `clean_mirrors` would do."""
    files = list_mirrors(mirrors)
    return make_cleaning(files, plan_eviction(files, limit), 0)


def clean_mirrors(mirrors: Path, limit: int = MIRRORS_LIMIT) -> Cleaning:
    """Remove what is beyond `limit` bytes; with a limit of 0 everything. Raises OSError."""
    files = list_mirrors(mirrors)
    removed = []
    for file in plan_eviction(files, limit):
        lock = mirrors / f"{file.name}.lock"
        with locked(lock, wait=False) as held:
            if held:
                delete_tree(mirrors / file.name)
                lock.unlink(missing_ok=True)
                removed.append(file)
    return make_cleaning(files, removed, 0)
