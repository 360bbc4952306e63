from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.fetch.page_cache import (
    BASES_LIMIT,
    CachedPage,
    PageCache,
    format_cached_page,
    make_cached_page,
    page_lifetime,
    parse_cached_page,
)
from devenv.packages.wheels import WheelFile

SHA = "ab" * 32
FILES = (
    WheelFile("a-1-py3-none-any.whl", "pypi:packages/a-1-py3-none-any.whl", SHA, 12, yanked=True, uploaded=1_000),
    WheelFile("b-1-py3-none-any.whl", "pypi:/other-name", SHA),
    WheelFile("c-1-py3-none-any.whl", "pypi:c-1-py3-none-any.whl", SHA, 0),
)
PAGE = CachedPage(FILES, 1000.5, 600.0, '"tag"', "Thu, 01 Jan 1970 00:00:00 GMT")

names = st.from_regex(r"[a-z0-9][a-z0-9._+-]{0,20}\.whl", fullmatch=True)
files = st.builds(
    WheelFile,
    names,
    st.one_of(names, names.map(lambda name: f"../{name}")).map(lambda path: f"pypi:{path}"),
    st.just(SHA),
    st.none() | st.integers(0, 1 << 40),
    st.booleans(),
    st.none() | st.integers(0, 1 << 40),
)


@given(st.lists(files, max_size=5).map(tuple), st.floats(0, 1e10), st.floats(0, 1e5))
def test_pages_survive_being_kept(wheels: tuple[WheelFile, ...], fetched: float, lifetime: float) -> None:
    """What is read back from the cache is what was written, whatever wheels there are."""
    page = CachedPage(wheels, fetched, lifetime, '"tag"', "")
    assert parse_cached_page(format_cached_page(page)) == page
    assert parse_cached_page(format_cached_page(PAGE)) == PAGE


@given(st.integers(0, len(format_cached_page(PAGE)) - 1), st.integers(1, 255))
def test_any_damaged_byte_is_noticed(position: int, change: int) -> None:
    """No flipped bit in a cache file gets into a lock: it is as if the file were not there."""
    content = bytearray(format_cached_page(PAGE))
    content[position] ^= change
    with pytest.raises(ValueError, match="not a cached page"):
        parse_cached_page(bytes(content))


def test_freshness_is_bounded_by_the_clock_on_both_sides() -> None:
    """A page is fresh until its time is up, and a page from the future is not fresh (the clock was set back)."""
    assert [PAGE.is_fresh(now) for now in (1000.0, 1000.5, 1600.0, 1600.5)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("headers", "lifetime"),
    [
        ({}, 600.0),
        ({"cache-control": "max-age=60, public"}, 60.0),
        ({"cache-control": "max-age=60", "age": "20"}, 40.0),
        ({"cache-control": "max-age=60", "age": "90"}, 0.0),
        ({"cache-control": "MAX-AGE=0"}, 0.0),
        ({"cache-control": "max-age=9999999999"}, 86400.0),
        ({"cache-control": "max-age=nonsense"}, 600.0),
        ({"cache-control": "no-cache"}, 0.0),
        ({"cache-control": "private, no-store"}, None),
    ],
)
def test_lifetime(headers: dict[str, str], lifetime: float | None) -> None:
    """Freshness is what the server says, within a day; ten minutes where it says nothing; never kept on `no-store`."""
    assert page_lifetime(headers) == lifetime


def test_validators_that_cannot_be_sent_back_are_dropped() -> None:
    """A validator with control characters, or an endless one, cannot break the file or a later request."""
    hostile = {"etag": '"a\tb"', "last-modified": "x" * 300}
    assert make_cached_page((), hostile, 1.0, 0.0).validators() == {}
    assert PAGE.validators() == {"If-None-Match": '"tag"', "If-Modified-Since": PAGE.modified}


def test_indexes_do_not_share_pages(tmp_path: Path) -> None:
    """What one index said about a project is never taken for what another one says."""
    PageCache(tmp_path, "https://one.example/simple/").write("tool", PAGE)
    assert PageCache(tmp_path, "https://one.example/simple/").read("tool") == PAGE
    assert PageCache(tmp_path, "https://two.example/simple/").read("tool") is None


def test_cache_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    """A cache directory that cannot be made costs time, not the run (B-04)."""
    (tmp_path / "file").touch()
    cache = PageCache(tmp_path / "file", "https://one.example/simple/")
    cache.write("tool", PAGE)
    cache.remember_bases(("https://files.example/",))
    assert cache.read("tool") is None
    assert cache.read_bases() == ("https://files.example/",)


def test_bases_are_remembered_latest_first_and_bounded(tmp_path: Path) -> None:
    """Later runs know where files lie, the latest word first; the list does not grow for ever."""
    for number in range(BASES_LIMIT + 3):
        PageCache(tmp_path, "https://one.example/").remember_bases((f"https://f{number}.example/",))
    bases = PageCache(tmp_path, "https://one.example/").read_bases()
    assert bases[0] == f"https://f{BASES_LIMIT + 2}.example/"
    assert len(bases) == BASES_LIMIT


def test_bases_from_a_damaged_file_are_checked(tmp_path: Path) -> None:
    """Lines that are no plain addresses are not used."""
    PageCache(tmp_path, "https://one.example/").remember_bases(("https://files.example/",))
    (path,) = tmp_path.rglob("bases")
    path.write_bytes(b"file:///etc/\nhttps://user:pw@files.example/\nhttps://files.example/\nhttps://x")
    assert PageCache(tmp_path, "https://one.example/").read_bases() == ("https://files.example/",)
