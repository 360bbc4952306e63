from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.debian.record import DebRecord
from devenv.fetch.debian.decompression import iter_ahead, iter_unpacked
from devenv.fetch.debian.suite_database import database_path, iter_newest, write_database
from devenv.fetch.debian.suite_index import SuiteIndex


def make(name: str, version: str, archive: str = "main", provides: str = "", summary: str = "") -> DebRecord:
    filename = f"pool/main/{name}_{version}_amd64.deb"
    return DebRecord(
        name, version, "amd64", "libs", summary, None, "", provides, "same", True, filename, 1, "0" * 64, archive
    )


@pytest.mark.parametrize(
    ("update", "wins"), [("1.0+deb12u1", True), ("1:0.1", True), ("1.0", False), ("1.0~rc1", False), ("0.9", False)]
)
def test_newest_by_the_rules_of_debian(update: str, wins: bool) -> None:
    """Of a package in several pockets the newest stays, by Debian's order; the first pocket's where they are equal."""
    (found,) = iter_newest([make("tool", update, "security")], [make("tool", "1.0")])
    assert (found.archive == "security") is wins


def test_newest_of_one_pocket(tmp_path: Path) -> None:
    """Of several versions in a pocket, wherever they stand, the newest is found, and provides what it does alone."""
    large = [
        make("a", "1", provides="old"),
        make("b", "2"),
        make("b", "10"),
        make("b", "9"),
        make("a", "2", provides="new"),
    ]
    path = database_path(tmp_path, "sid", "amd64")
    write_database(path, "one", iter_newest([make("d", "1"), make("d", "2"), make("b", "3")], large))
    with SuiteIndex(path) as index:
        found = [record for record in map(index.find, index.names()) if record is not None]
        assert [(record.name, record.version) for record in found] == [("a", "2"), ("b", "10"), ("d", "2")]
        assert index.providers("old") == []
        assert [record.version for record, _ in index.providers("new")] == ["2"]


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    """What is looked up is just what was put in, every field of it."""
    records = [make("a", "1:1.0", provides="xx (= 2), yy"), make("b", "1", provides="xx", summary="Ärger")]
    path = database_path(tmp_path, "sid", "amd64")
    write_database(path, "one", records)
    with SuiteIndex(path) as index:
        assert [index.find("a"), index.find("b")] == records
        assert index.find("c") is None
        assert index.providers("xx") == [(records[0], "2"), (records[1], None)]
        assert index.providers("yy") == [(records[0], None)]
        assert index.providers("a") == []


def test_failed_making_leaves_what_was_there(tmp_path: Path) -> None:
    """A file that could not be made completely leaves the old one in its place, and nothing beside it (A-09)."""
    path = database_path(tmp_path, "sid", "amd64")
    write_database(path, "one", [make("a", "1")])

    def broken() -> Iterator[DebRecord]:
        yield make("b", "1")
        raise ValueError("the end")

    with pytest.raises(ValueError, match="the end"):
        write_database(path, "two", broken())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["sid-amd64.json", "sid-amd64.sqlite"]
    assert SuiteIndex.open(path, "two") is None
    index = SuiteIndex.open(path, "one")
    assert index is not None
    with index:
        assert index.names() == ["a"]


def test_search_looks_at_names_and_summaries(tmp_path: Path) -> None:
    """All words have to stand in name or summary, in either case; no word is a pattern."""
    path = database_path(tmp_path, "sid", "amd64")
    names = ["libtool-doc", "tool", "toolbox", "other"]
    write_database(path, "one", [make(name, "1", summary=f"A Thing of {name}") for name in names])
    with SuiteIndex(path) as index:
        assert {found.name for found in index.search(["tool"])} == {"libtool-doc", "tool", "toolbox"}
        assert {found.name for found in index.search(["THING", "box"])} == {"toolbox"}
        assert index.search(["absent"]) == index.search(["%"]) == index.search(["t_ol"]) == []


def test_thread_ends_with_its_reader() -> None:
    """Whoever stops reading in the middle leaves no thread that goes on unpacking."""
    made = []

    def pieces() -> Iterator[bytes]:
        for number in range(1000):
            made.append(number)
            yield b"x"

    for _ in zip(iter_ahead(pieces), range(3), strict=False):
        pass
    assert len(made) < 20


def test_plain_index_is_bounded() -> None:
    """An index that is not packed is bounded as well."""
    assert b"".join(iter_unpacked(b"x" * 3_000_000, "", 3_000_000)) == b"x" * 3_000_000
    with pytest.raises(ValueError, match="more than 10 bytes"):
        list(iter_unpacked(b"x" * 11, "", 10))
