"""The artifact cache's limit: what is counted, what goes, what stays under whose hands."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devenv.fault_points import set_fault_handler
from devenv.fetch.artifact_limit import (
    clean_artifacts,
    complete_path,
    keep_limit,
    list_artifacts,
    note_arrival,
    partial_path,
    plan_cleaning,
    read_tally,
)
from devenv.fetch.artifact_use import ArtifactUse, find_in_use, in_use_path
from devenv.fetch.eviction import Amount, Cleaning

SIZE = 100


def put(artifacts: Path, number: int) -> Path:
    """Put a file of a hundred bytes into the cache; the higher its number, the later it was used."""
    sha256 = hashlib.sha256(bytes([number])).hexdigest()
    path = complete_path(artifacts) / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(SIZE))
    os.utime(path, (number, number))
    return path


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """A cache of ten files, a hundred bytes each, never counted."""
    for number in range(10):
        put(tmp_path, number)
    return tmp_path


@pytest.fixture
def use(artifacts: Path) -> Iterator[ArtifactUse]:
    """Somebody who uses the cache."""
    with closing(ArtifactUse(artifacts)) as use:
        yield use


def times(artifacts: Path) -> list[int]:
    """The numbers of the files that are there."""
    return sorted(file.used // 10**9 for file in list_artifacts(artifacts))


def test_least_recently_used_go(artifacts: Path) -> None:
    """Beyond the limit the oldest go; a plan says the same before, and changes nothing."""
    cleaning = Cleaning(kept=Amount(4, 400), removed=Amount(6, 600), leftovers=0)
    assert plan_cleaning(artifacts, 499) == cleaning
    assert times(artifacts) == list(range(10))
    assert clean_artifacts(artifacts, 499) == cleaning
    assert times(artifacts) == [6, 7, 8, 9]


def test_automatic_cleaning_makes_room_for_more(artifacts: Path) -> None:
    """Within the limit nothing goes; beyond it a tenth becomes free, so that not every download cleans."""
    assert keep_limit(artifacts, 1000) == Amount()
    note_arrival(artifacts, SIZE)
    put(artifacts, 10)
    assert keep_limit(artifacts, 1000) == Amount(2, 200)
    assert times(artifacts) == list(range(2, 11))


def test_what_is_in_use_stays(artifacts: Path, use: ArtifactUse) -> None:
    """A file that somebody uses stays, however old it is, until that user is done."""
    claimed = use.claim(put(artifacts, 0))
    assert find_in_use(artifacts) == {claimed.name}
    assert plan_cleaning(artifacts, 0).kept == clean_artifacts(artifacts, 0).kept == Amount(1, SIZE)
    use.close()
    assert list(in_use_path(artifacts).iterdir()) == []
    assert clean_artifacts(artifacts, 0).removed == Amount(1, SIZE)


def test_claim_at_the_last_moment(artifacts: Path, use: ArtifactUse) -> None:
    """Whoever finds a file between the decision to remove it and its removal can read it all the same."""
    path = put(artifacts, 0)
    claimed: list[Path] = []
    set_fault_handler(lambda _: claimed.append(use.claim(path)) if not claimed else None)
    try:
        clean_artifacts(artifacts, 0)
    finally:
        set_fault_handler(None)
    assert not path.exists()
    assert claimed[0].read_bytes() == bytes(SIZE)
    with pytest.raises(FileNotFoundError):
        ArtifactUse(artifacts).claim(path)


@pytest.mark.parametrize(("number", "stay"), [(errno.EPERM, 10), (errno.EOPNOTSUPP, 10), (errno.ENOSPC, 0)])
def test_files_that_cannot_be_claimed(artifacts: Path, monkeypatch: pytest.MonkeyPatch, number: int, stay: int) -> None:
    """Where files cannot have second names nothing tells who reads them: they stay. A full disk gets room (B-02)."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    assert clean_artifacts(artifacts, 0).kept.count == stay
    assert len(list_artifacts(artifacts)) == stay


def test_leftovers_go_and_strangers_stay(artifacts: Path, use: ArtifactUse) -> None:
    """What a dead process was downloading or using goes; the living one's and foreign files stay (A-09)."""
    dead = in_use_path(artifacts) / ".tmp-0123456789abcdef"
    dead.mkdir(parents=True)
    os.link(put(artifacts, 0), dead / put(artifacts, 0).name)
    dead.with_name(f"{dead.name}.lock").touch()
    partial = partial_path(artifacts)
    partial.mkdir()
    (partial / ("ab" * 32)).touch()
    foreign = [partial / "notes", in_use_path(artifacts) / "notes"]
    for path in foreign:
        path.touch()
    living = use.claim(put(artifacts, 5))
    assert plan_cleaning(artifacts, 0) == clean_artifacts(artifacts, 0) == Cleaning(Amount(1, SIZE), Amount(9, 900), 2)
    assert living.exists()
    assert all(path.exists() for path in foreign)
    assert not dead.exists()
    assert [path.name for path in partial.iterdir()] == ["notes"]


def test_tally_follows_the_cache(artifacts: Path) -> None:
    """After a count the tally knows the cache; what arrives is added; a count brings it back to the truth."""
    assert read_tally(artifacts) is None
    keep_limit(artifacts, 5000)
    assert read_tally(artifacts) == 1000
    note_arrival(artifacts, 70)
    assert read_tally(artifacts) == 1070
    clean_artifacts(artifacts, 5000)
    assert read_tally(artifacts) == 1000


@pytest.mark.parametrize("text", ["", "+5\n", "=5", "=5\n+3", "=5\n=5\n", "=5\n+1+2\n", "=-5\n", "=5\n\n", "\xff"])
def test_damaged_tally_has_the_cache_counted(artifacts: Path, text: str) -> None:
    """A line torn by a crash or a full disk never passes for a smaller cache (B-01)."""
    (artifacts / "tally").write_text(text, "latin-1")
    assert read_tally(artifacts) is None
    assert keep_limit(artifacts, 500).count == 6


def test_arrival_during_a_count_is_not_missed(artifacts: Path) -> None:
    """A file that comes while another process counts is counted, at worst twice."""
    set_fault_handler(lambda _: note_arrival(artifacts, 7))
    try:
        clean_artifacts(artifacts, 900)
    finally:
        set_fault_handler(None)
    assert read_tally(artifacts) == 907


def test_empty_cache_stays_unmade(tmp_path: Path) -> None:
    """Looking at a cache that was never used, or cleaning it, makes nothing."""
    assert clean_artifacts(tmp_path / "artifacts", 0) == plan_cleaning(tmp_path / "artifacts", 0)
    assert list(tmp_path.iterdir()) == []
