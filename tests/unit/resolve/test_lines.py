"""Lines of versions in several suites: only the suite that can answer is asked, unless there is an error to explain."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from devenv.debian.source_record import SourceIndex
from devenv.errors import ResolutionError
from devenv.packages.package import DebianSource, Package, Source, WheelSource
from devenv.packages.versions import parse_version_request
from devenv.packages.wheels import WheelFile
from devenv.resolve.resolver import Resolution, narrow_sources, resolve_package
from devenv.system import System
from tests.unit.debian.indexes import MemoryIndex, record

SQL = (
    DebianSource("trixie", ("sql-17",), "==17.*"),
    DebianSource("bookworm", ("sql-15",), "==15.*"),
    DebianSource("bullseye", ("sql-13",), "==13.*"),
)
VERSIONS = {
    "trixie": ("sql-17", "17.6-0+deb13u1"),
    "bookworm": ("sql-15", "15.13-0"),
    "bullseye": ("sql-13", "13.21-0"),
}
RUST = (DebianSource("trixie", ("rustc",), "==1.85.*"), DebianSource("bookworm", ("rustc",), "==1.63.*"))


class Suites:
    """An index that remembers the suites that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def wheels(self, project: str) -> Sequence[WheelFile]:
        raise AssertionError(f"nobody asked for {project}")

    def suite(self, suite: str, system: System) -> MemoryIndex:
        del system
        if suite not in self.asked:
            self.asked.append(suite)
        return MemoryIndex(record(*VERSIONS[suite]))

    def sources(self, suite: str) -> SourceIndex:
        raise AssertionError(f"nobody asked for the sources of {suite}")


def suites(request: str, *sources: Source, preferred: str | None = None) -> list[str]:
    """The suites of the sources that are left."""
    package = Package("sql", "", "", None, sources, ())
    narrowed = narrow_sources(package, parse_version_request(request), preferred)
    return [source.suite for source in narrowed.sources if isinstance(source, DebianSource)]


def resolve(index: Suites, request: str, preferred: str | None = None) -> Resolution:
    package = Package("sql", "", "", None, SQL, ())
    return resolve_package(package, parse_version_request(request), None, index, preferred)


@pytest.mark.parametrize(
    ("request_text", "suite"),
    [("*", "trixie"), ("latest", "trixie"), ("17", "trixie"), ("15", "bookworm"), ("13.21", "bullseye")],
)
def test_one_suite_is_asked(request_text: str, suite: str) -> None:
    """Only the suite with the line that is wanted is asked: the newest line where none is."""
    index = Suites()
    assert resolve(index, request_text).version.startswith(VERSIONS[suite][1].partition("-")[0])
    assert index.asked == [suite]


def test_order_of_the_recipe_does_not_matter() -> None:
    """The newest line counts, not the first one, and by its numbers."""
    assert suites("*", *reversed(SQL)) == ["trixie"]
    assert suites("*", DebianSource("bookworm", ("x",), "==9.*"), DebianSource("trixie", ("x",), "==10.*")) == [
        "trixie"
    ]


def test_lock_stays_in_its_line() -> None:
    """Without a request for another, the line of the version that is locked is asked; one that is no version is not."""
    assert suites("*", *SQL, preferred="15.10") == ["bookworm"]
    assert suites("13", *SQL, preferred="15.10") == ["bullseye"]
    assert suites("*", *SQL, preferred="no version") == ["trixie"]


def test_lines_with_several_numbers() -> None:
    """A request with fewer or more numbers than a line takes all lines that it may mean."""
    assert suites("1", *RUST) == ["trixie", "bookworm"]
    assert suites("1.63", *RUST) == ["bookworm"]
    assert suites("1.63.0", *RUST) == ["bookworm"]


def test_ranges_ask_all_suites() -> None:
    """A range may be answered by several lines: all suites are asked."""
    assert suites(">=13,<17", *SQL) == ["trixie", "bookworm", "bullseye"]
    assert resolve(Suites(), ">=13,<17").version == "15.13"


def test_sources_without_a_line_stay() -> None:
    """Wheels, and packages of a suite in whatever version it has, may answer any request."""
    sources = (WheelSource("sql"), DebianSource("sid", ("sql",)), *SQL)
    narrowed = narrow_sources(Package("sql", "", "", None, sources, ()), parse_version_request("15"), None)
    assert narrowed.sources == (*sources[:2], SQL[1])
    assert suites("*", DebianSource("sid", ("sql",)), DebianSource("trixie", ("sql",), ">=1")) == ["sid", "trixie"]


@pytest.mark.parametrize("request_text", ["16", "17.1"])
def test_errors_know_all_lines(request_text: str) -> None:
    """Where nothing answers, all suites are asked, so that the error can name what there is."""
    index = Suites()
    with pytest.raises(ResolutionError) as caught:
        resolve(index, request_text)
    assert caught.value.slug == "version-unknown"
    assert sorted(index.asked) == ["bookworm", "bullseye", "trixie"]
    assert caught.value.details == ("there are 17.6, 15.13, 13.21",)


def test_locked_version_of_a_line_that_is_gone() -> None:
    """A lock with a version of a line that the recipe dropped moves to what there is."""
    assert resolve(Suites(), "*", preferred="11.5").version == "17.6"
