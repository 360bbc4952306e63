"""The bounds of the page cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devenv.fetch.eviction import Amount, Cleaning
from devenv.fetch.page_cache import CachedPage, PageCache
from devenv.fetch.page_limit import clean_pages, list_pages, plan_page_cleaning
from devenv.fsutil import temporary_name

PAGE = CachedPage((), 1000.5, 600.0, '"tag"', "")
INDEXES = ("https://one.example/simple/", "https://two.example/simple/")


def fill(directory: Path) -> int:
    """Write four pages of two indexes, the oldest of the first one; returns the size of one."""
    for number, index in enumerate(INDEXES * 2):
        PageCache(directory, index).write(f"tool-{number}", PAGE)
        (path,) = directory.rglob(f"tool-{number}.page")
        os.utime(path, (number, number))
    return path.stat().st_size


def test_oldest_pages_go_whatever_index_they_are_of(tmp_path: Path) -> None:
    """All indexes together keep one limit; a plan says the same before."""
    size = fill(tmp_path)
    cleaning = Cleaning(Amount(2, 2 * size), Amount(2, 2 * size), 0)
    assert plan_page_cleaning(tmp_path, 3 * size - 1) == clean_pages(tmp_path, 3 * size - 1) == cleaning
    assert sorted(file.name for file in list_pages(tmp_path)) == ["tool-2.page", "tool-3.page"]


def test_run_that_writes_tidies_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page of a run removes what is too much and what killed writers left (A-09); later ones do not."""
    size = fill(tmp_path)
    monkeypatch.setattr("devenv.fetch.page_cache.clean_pages", lambda pages: clean_pages(pages, 2 * size))
    cache = PageCache(tmp_path, INDEXES[0])
    left = next(tmp_path.iterdir()) / temporary_name()
    left.touch()
    cache.write("new", PAGE)
    assert sorted(file.name for file in list_pages(tmp_path)) == ["new.page", "tool-2.page", "tool-3.page"]
    assert not left.exists()
    left.touch()
    cache.write("newer", PAGE)
    assert left.exists()


def test_everything_goes_and_strangers_stay(tmp_path: Path) -> None:
    """With no limit left, memories of indexes go as well; what is not ours stays, and keeps its directory."""
    fill(tmp_path)
    first, second = sorted(tmp_path.iterdir())
    for path in (first / "bases", second / "bases", tmp_path / "sizes", second / "notes.txt"):
        path.touch()
    outside = tmp_path.with_name("outside")
    outside.mkdir()
    (outside / temporary_name()).touch()
    (tmp_path / "0123456789abcdef").symlink_to(outside)
    assert clean_pages(tmp_path, 0).removed.count == 4
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(["0123456789abcdef", second.name, "notes.txt"])
    assert len(list(outside.iterdir())) == 1
