"""What `diff`, `update` and `outdated` show: every reason in words, nothing that a terminal or a forge acts on."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.lock.components import FileChange
from devenv.lock.review import (
    Cause,
    InputChange,
    Move,
    PackageChange,
    Reason,
    ReleaseChange,
    Review,
    SizeChange,
    SystemChange,
    Table,
)
from devenv.system import System
from devenv.ui.lines import iter_lines
from devenv.ui.review_markdown import format_markdown
from devenv.ui.terminal import Painter
from devenv.workflow.review_results import DiffResult, EndOfLife, Held, InstalledChange, UpdateResult

LINUX, ARM = System.X86_64_LINUX, System.AARCH64_LINUX
TEXTS = st.text(max_size=40)
FILES = st.builds(FileChange, TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.booleans())
REASONS = st.builds(Reason, st.sampled_from(Cause), st.lists(TEXTS, max_size=12).map(tuple), st.booleans())
SYSTEMS = st.builds(
    SystemChange,
    st.sampled_from([LINUX, ARM]),
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.booleans(),
    st.lists(REASONS, max_size=3).map(tuple),
    st.lists(FILES, max_size=8).map(tuple),
    st.none() | TEXTS,
)
PACKAGES = st.builds(
    PackageChange,
    st.sampled_from(Table),
    TEXTS,
    st.sampled_from(Move),
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.lists(SYSTEMS, max_size=2).map(tuple),
    st.tuples(TEXTS, TEXTS),
    st.tuples(TEXTS, TEXTS),
    st.none() | TEXTS,
)
RELEASES = st.builds(ReleaseChange, TEXTS, st.none() | TEXTS, st.none() | TEXTS)
INPUTS = st.builds(
    InputChange,
    TEXTS,
    st.tuples(st.none() | TEXTS, TEXTS),
    st.tuples(TEXTS, TEXTS),
    st.lists(RELEASES, max_size=3).map(tuple),
    st.tuples(st.none() | TEXTS, st.none() | TEXTS),
)
REVIEWS = st.builds(
    Review,
    st.lists(INPUTS, max_size=3).map(tuple),
    st.lists(PACKAGES, max_size=4).map(tuple),
    st.just({LINUX: SizeChange(1, 2000, 1999)}),
)


def shown(result: object) -> list[str]:
    return list(iter_lines(result, Painter(io.StringIO(), {})))


@given(REVIEWS, TEXTS, TEXTS)
def test_nothing_acts(review: Review, before: str, after: str) -> None:
    """L-13: whatever a lock says, no line has what a terminal acts on, and no cell of Markdown breaks its table."""
    result = DiffResult(before, after, review, None, True, (EndOfLife(before, after, "2026-01-01"),))
    for line in shown(result):
        assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)
    lines = format_markdown(result).decode().split("\n")
    for line in lines:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)
    for number, line in enumerate(lines):
        if line.startswith("|---"):
            columns = line.count("|") - 1
            row = number + 1
            while lines[row]:
                assert len(re.findall(r"(?<!\\)\|", lines[row])) == columns + 1
                row += 1


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason(Cause.FILES), "bash 5.2-2 → 5.2-3, with libtinfo6 6.5"),
        (Reason(Cause.OVERRIDES), "the manifest changes how it is built"),
        (Reason(Cause.DEPENDENCY, ("openssl", "zlib")), "is built with openssl, zlib"),
        (Reason(Cause.DEPENDENCY, ("zlib",), certain=False), "is perhaps built with zlib"),
        (Reason(Cause.RUNTIME), "runs on the runtime, which changed"),
        (Reason(Cause.RECIPE, ("base",)), "its recipe, of the input base"),
        (Reason(Cause.DEVENV), "devenv builds it in another way, or `keep` in the manifest changed"),
    ],
)
def test_reasons(reason: Reason, words: str) -> None:
    """Each cause has its words; where only some systems are concerned, they are named."""
    files = (FileChange("bash", "5.2-2", "5.2-3"), FileChange("libtinfo6", None, "6.5"))
    systems = (
        SystemChange(LINUX, "5.2", "5.2", True, (reason,), files),
        SystemChange(ARM, "5.2", "5.2", True, (Reason(Cause.RUNTIME), Reason(Cause.OVERRIDES)), files),
    )
    both = Review((), (PackageChange(Table.PACKAGE, "bash", Move.REBUILT, "5.2", "5.2", systems[:1]),))
    assert f"      {words}" in shown(DiffResult("a", "b", both))
    one = Review((), (PackageChange(Table.PACKAGE, "bash", Move.REBUILT, "5.2", "5.2", systems),))
    assert f"      {words} (x86_64-linux)" in shown(DiffResult("a", "b", one))


def test_commits() -> None:
    """Of a tree from a repository the commits are told with their dates, and that one is older than before."""
    revisions = ("git:" + "1" * 40, "git:" + "2" * 40)
    dates = ("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z")
    locator = "git+https://git.example/tools"
    there, back = (InputChange("tools", (locator,) * 2, revisions, dates=each) for each in (dates[::-1], dates))
    assert shown(DiffResult("a", "b", Review((there, back))))[2:] == [
        f"  tools  {locator} 111111111111 of {dates[1]} → 222222222222 of {dates[0]}",
        f"  tools  {locator} 111111111111 of {dates[0]} → 222222222222 of {dates[1]}, which is older",
    ]


def test_replaced_file_stands_out() -> None:
    """A file of the same name with other content is told as what it is."""
    files = (FileChange("tool", "1.0-1", "1.0-1", replaced=True),)
    system = SystemChange(LINUX, "1.0", "1.0", True, (Reason(Cause.FILES),), files)
    review = Review((), (PackageChange(Table.PACKAGE, "tool", Move.REBUILT, "1.0", "1.0", (system,)),))
    assert "      tool 1.0-1: the same name with OTHER CONTENT" in shown(DiffResult("a", "b", review))


def test_update() -> None:
    """An update says whether it was written, what stays, and what is in the store of both."""
    review = Review(
        (InputChange("debian", ("debian:trixie",) * 2, ("blake3:" + "1" * 64, "blake3:" + "2" * 64)),),
        (PackageChange(Table.PACKAGE, "jq", Move.OLDER, "1.7", "1.6", (), environment="ci"),),
        {LINUX: SizeChange(2048, 1024, 0)},
    )
    result = UpdateResult(
        Path("/p"), True, True, review, InstalledChange(LINUX, 1024, None), (Held("go", "1.26", "1.25"),)
    )
    assert shown(result) == [
        "would write /p/devenv.lock: 1 older, 1 input moved",
        "inputs",
        "  debian  debian:trixie 111111111111 → 222222222222",
        "packages",
        "  ~  ci: jq  1.7 → 1.6",
        "      goes back to an older version",
        "downloads",
        "  x86_64-linux  2.0 KiB → 1.0 KiB  -1.0 KiB, 0 B new",
        "installed",
        "  x86_64-linux  1.0 KiB → unknown  not all of it is in the store",
        "note: go stays at 1.26: what answers now is older, 1.25",
        "next: `--allow-older` takes it",
    ]
