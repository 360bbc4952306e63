"""Shows and cleans the caches: downloads, pages of indexes, Debian's indexes, git's mirrors. The store needs none."""

from __future__ import annotations

from devenv.errors import FetchError
from devenv.fetch.artifact_limit import clean_artifacts, list_artifacts, plan_cleaning
from devenv.fetch.debian.index_limit import clean_indexes, list_indexes, plan_index_cleaning
from devenv.fetch.eviction import Amount, Cleaning, amount_of
from devenv.fetch.page_limit import PAGES_LIMIT, clean_pages, list_pages, plan_page_cleaning
from devenv.fetch.trees.mirror_limit import MIRRORS_LIMIT, clean_mirrors, list_mirrors, plan_mirror_cleaning
from devenv.settings import Settings
from devenv.workflow.results import CacheCleanResult, CacheContent, CacheRemoval, CacheResult
from devenv.workflow.tools import Tools


def show_cache(tools: Tools) -> CacheResult:
    """What the caches hold."""
    settings = tools.settings
    return CacheResult(
        artifacts=_content(amount_of(list_artifacts(settings.artifacts)), settings.artifact_limit),
        pages=_content(amount_of(list_pages(settings.pypi_pages)), PAGES_LIMIT),
        debian=_content(amount_of(list_indexes(settings.debian_indexes)), None),
        repositories=_content(amount_of(list_mirrors(settings.git_mirrors)), MIRRORS_LIMIT),
    )


def clean_cache(tools: Tools, *, everything: bool, dry_run: bool) -> CacheCleanResult:
    """Remove what is beyond the limits, or `everything`, and what killed processes left. What is being read stays.

    Raises FetchError (`cache-unwritable`) where something cannot be removed.
    """
    settings = tools.settings
    try:
        artifacts, pages, debian, mirrors = (_plan if dry_run else _clean)(settings, everything=everything)
    except OSError as error:
        raise FetchError(
            f"the cache in `{settings.cache}` cannot be cleaned: {error.strerror}",
            hint="look at the permissions there",
            slug="cache-unwritable",
        ) from error
    return CacheCleanResult(
        dry_run=dry_run,
        artifacts=_content(artifacts.kept, settings.artifact_limit),
        pages=_content(pages.kept, PAGES_LIMIT),
        debian=_content(debian.kept, None),
        repositories=_content(mirrors.kept, MIRRORS_LIMIT),
        removed_artifacts=_removal(artifacts),
        removed_pages=_removal(pages),
        removed_debian=_removal(debian),
        removed_repositories=_removal(mirrors),
        leftovers=artifacts.leftovers + pages.leftovers + debian.leftovers,
    )


def _clean(settings: Settings, *, everything: bool) -> tuple[Cleaning, Cleaning, Cleaning, Cleaning]:
    return (
        clean_artifacts(settings.artifacts, 0 if everything else settings.artifact_limit),
        clean_pages(settings.pypi_pages, 0 if everything else PAGES_LIMIT),
        clean_indexes(settings.debian_indexes, everything=everything),
        clean_mirrors(settings.git_mirrors, 0 if everything else MIRRORS_LIMIT),
    )


def _plan(settings: Settings, *, everything: bool) -> tuple[Cleaning, Cleaning, Cleaning, Cleaning]:
    return (
        plan_cleaning(settings.artifacts, 0 if everything else settings.artifact_limit),
        plan_page_cleaning(settings.pypi_pages, 0 if everything else PAGES_LIMIT),
        plan_index_cleaning(settings.debian_indexes, everything=everything),
        plan_mirror_cleaning(settings.git_mirrors, 0 if everything else MIRRORS_LIMIT),
    )


def _content(amount: Amount, limit: int | None) -> CacheContent:
    return CacheContent(amount.count, amount.size, limit)


def _removal(cleaning: Cleaning) -> CacheRemoval:
    return CacheRemoval(cleaning.removed.count, cleaning.removed.size)
