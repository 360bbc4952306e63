"""Keeps the pages of `page_cache` within bounds: those that were not asked for longest go first.

    <pages>/<index>/<project>.page   one directory for each index that was ever used
    <pages>/<index>/bases            small; goes only when everything goes, as does
    <pages>/sizes                    see `devenv.fetch.sizes`

A page is written anew whenever its index is asked, which is at least once a day if it is used: the time of its file is
that of its last use, as nearly as it matters.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from devenv.fetch.eviction import CachedFile, Cleaning, iter_cached, make_cleaning, plan_eviction
from devenv.fsutil import find_unfinished

PAGES_LIMIT = 128 << 20
"""Bytes: hundreds of large projects, which is more than people's manifests name."""

INDEX = re.compile(r"[0-9a-f]{16}", re.ASCII)
PAGE = re.compile(r"[a-z0-9-]+\.page", re.ASCII)


def list_pages(pages: Path) -> list[CachedFile]:
    """All pages of all indexes, in no order."""
    return list(iter_cached(pages, INDEX, PAGE))


def plan_page_cleaning(pages: Path, limit: int = PAGES_LIMIT) -> Cleaning:
    """What `clean_pages` would do."""
    files = list_pages(pages)
    return make_cleaning(files, plan_eviction(files, limit), len(_find_leftovers(pages)))


def clean_pages(pages: Path, limit: int = PAGES_LIMIT) -> Cleaning:
    """Remove what is beyond `limit` bytes, and what killed processes left; with a limit of 0 everything.

    Raises OSError where something cannot be removed.
    """
    leftovers = _find_leftovers(pages)
    for path in leftovers:
        path.unlink(missing_ok=True)
    files = list_pages(pages)
    removed = plan_eviction(files, limit)
    for file in removed:
        (pages / file.directory / file.name).unlink(missing_ok=True)
    if limit == 0:
        _forget_all(pages)
    return make_cleaning(files, removed, len(leftovers))


def _forget_all(pages: Path) -> None:
    (pages / "sizes").unlink(missing_ok=True)
    for index in _find_indexes(pages):
        (index / "bases").unlink(missing_ok=True)
        # What is not ours, or was written meanwhile, keeps its directory.
        with contextlib.suppress(OSError):
            index.rmdir()


def _find_leftovers(pages: Path) -> list[Path]:
    return [path for index in _find_indexes(pages) for path in find_unfinished(index)]


def _find_indexes(pages: Path) -> list[Path]:
    found = (path for path in pages.glob("*") if INDEX.fullmatch(path.name))
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())
