"""What goes out of a cache, and what is no business of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devenv.fetch.eviction import CachedFile, iter_cached, plan_eviction

files = st.lists(
    st.builds(CachedFile, st.integers(0, 9), st.integers(0, 50), st.just("d"), st.sampled_from("abcdefgh")),
    unique_by=lambda file: file.name,
)


@given(files, st.integers(1, 200), st.sets(st.sampled_from("abcdefgh")))
def test_oldest_go_until_there_is_room(files: list[CachedFile], room: int, in_use: set[str]) -> None:
    """Nothing in use goes; no more goes than has to; nothing that may go is older than what went."""
    evicted = plan_eviction(files, room, in_use)
    stay = [file for file in files if file not in evicted]
    removable = [file for file in stay if file.name not in in_use]
    assert not {file.name for file in evicted} & in_use
    assert not removable or sum(file.size for file in stay) <= room
    assert all(file > evicted[-1] for file in removable if evicted)
    if evicted:
        assert sum(file.size for file in [*stay, evicted[-1]]) > room


@given(files, st.sets(st.sampled_from("abcdefgh")))
def test_no_room_at_all(files: list[CachedFile], in_use: set[str]) -> None:
    """With a limit of nothing even empty files go, and what is in use still stays."""
    evicted = plan_eviction(files, 0, in_use)
    assert {file.name for file in files} - {file.name for file in evicted} == {file.name for file in files} & in_use


def test_what_is_not_the_caches_is_not_seen(tmp_path: Path) -> None:
    """Other names, links, directories and pipes are neither counted nor removed, whatever they lead to."""
    cache, outside = tmp_path / "cache", tmp_path / "outside"
    (cache / "ab" / "directory").mkdir(parents=True)
    (cache / "other").mkdir()
    outside.mkdir()
    for path in (
        cache / "ab" / "file",
        cache / "ab" / "FILE",
        cache / "other" / "file",
        outside / "file",
        cache / "cd",
    ):
        path.write_bytes(b"12345")
    (cache / "ab" / "link").symlink_to(outside / "file")
    (cache / "ef").symlink_to(outside)
    os.mkfifo(cache / "ab" / "pipe")
    os.utime(cache / "ab" / "file", ns=(7, 7))
    patterns = re.compile(r"[a-f]{2}"), re.compile(r"[a-z]+")
    assert list(iter_cached(cache, *patterns)) == [CachedFile(7, 5, "ab", "file")]
    assert list(iter_cached(tmp_path / "missing", *patterns)) == []
