"""Shows and cleans the caches: downloaded files, and pages of indexes. What is in the store needs neither."""

from __future__ import annotations

from devenv.errors import FetchError
from devenv.fetch.artifact_limit import clean_artifacts, list_artifacts, plan_cleaning
from devenv.fetch.eviction import Amount, Cleaning, amount_of
from devenv.fetch.page_limit import PAGES_LIMIT, clean_pages, list_pages, plan_page_cleaning
from devenv.settings import Settings
from devenv.workflow.results import CacheCleanResult, CacheContent, CacheRemoval, CacheResult
from devenv.workflow.tools import Tools


def show_cache(tools: Tools) -> CacheResult:
    """What the caches hold."""
    settings = tools.settings
    artifacts, pages = amount_of(list_artifacts(settings.artifacts)), amount_of(list_pages(settings.pypi_pages))
    return CacheResult(_content(artifacts, settings.artifact_limit), _content(pages, PAGES_LIMIT))


def clean_cache(tools: Tools, *, everything: bool, dry_run: bool) -> CacheCleanResult:
    """Remove what is beyond the limits, or `everything`, and what killed processes left. What is being read stays.

    Raises FetchError (`cache-unwritable`) where something cannot be removed.
    """
    settings = tools.settings
    try:
        artifacts, pages = _clean(settings, everything=everything, dry_run=dry_run)
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
        removed_artifacts=CacheRemoval(artifacts.removed.count, artifacts.removed.size),
        removed_pages=CacheRemoval(pages.removed.count, pages.removed.size),
        leftovers=artifacts.leftovers + pages.leftovers,
    )


def _clean(settings: Settings, *, everything: bool, dry_run: bool) -> tuple[Cleaning, Cleaning]:
    artifact_limit, page_limit = (0, 0) if everything else (settings.artifact_limit, PAGES_LIMIT)
    if dry_run:
        return plan_cleaning(settings.artifacts, artifact_limit), plan_page_cleaning(settings.pypi_pages, page_limit)
    return clean_artifacts(settings.artifacts, artifact_limit), clean_pages(settings.pypi_pages, page_limit)


def _content(amount: Amount, limit: int) -> CacheContent:
    return CacheContent(amount.count, amount.size, limit)
