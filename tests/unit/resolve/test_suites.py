"""Packages that a Debian suite does not have."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from devenv.debian.source_record import SourceIndex
from devenv.errors import ResolutionError
from devenv.packages.debian_set import DebianSet
from devenv.packages.package import DebianSource, Package
from devenv.packages.versions import parse_version_request
from devenv.packages.wheels import WheelFile
from devenv.resolve.resolver import resolve_package
from devenv.resolve.suites import asked_version
from devenv.system import System
from tests.unit.debian.indexes import MemoryIndex, record


class Suites:
    """An index whose suites all have the same packages, of which `htop` is for aarch64 only."""

    def wheels(self, project: str) -> Sequence[WheelFile]:
        raise AssertionError(f"nobody asked for {project}")

    def suite(self, suite: str, system: System) -> MemoryIndex:
        del suite
        records = [record("mawk", Provides="awk"), record("gawk", Provides="awk")]
        return MemoryIndex(*records, *([record("htop")] if system is System.AARCH64_LINUX else []))

    def sources(self, suite: str) -> SourceIndex:
        raise AssertionError(f"nobody asked for the sources of {suite}")


def fail(package: Package, systems: Sequence[System] | None = None, *, request: str = "*") -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        resolve_package(package, parse_version_request(request), systems, Suites())
    return caught.value


@pytest.mark.parametrize(("suite", "name", "message", "hint"), [
    ("trixie", "htpo", "no package `htpo`; did you mean `htop`?", "add it with `devenv add debian:htop`"),
    ("bookworm", "htpo", "no package `htpo`; did you mean `htop`?", "add it with `devenv add debian:bookworm/htop`"),
    ("trixie", "awk", "no package `awk`; it is provided by `mawk` or `gawk`", "add it with `devenv add debian:mawk`"),
    ("trixie", "frobnicate", "no package `frobnicate`", "look for it with `devenv search`"),
])  # fmt: skip
def test_unknown_package(suite: str, name: str, message: str, hint: str) -> None:
    """A name that a suite does not have is told as such, with the suite and what may have been meant."""
    error = fail(DebianSet(suite).package(name))
    assert (error.slug, error.message, error.hint) == ("package-unknown", f"`debian:{suite}` has {message}", hint)


def test_unknown_for_a_system() -> None:
    """A package that only another system has is said to be missing for this one, not to be unknown anywhere."""
    error = fail(DebianSet("trixie").package("htop"), [System.X86_64_LINUX])
    assert error.message == "`debian:trixie` has no package `htop` for x86_64-linux"


def test_system_without_debian() -> None:
    """Where the manifest is for systems that Debian does not have, these are what is wrong."""
    error = fail(DebianSet("trixie").package("htop"), [System.AARCH64_DARWIN])
    assert error.slug == "system-missing"
    assert "aarch64-darwin" in error.message


def test_recipe_without_versions() -> None:
    """A recipe of another name whose suite dropped the package names its sources."""
    error = fail(Package("sql", "", "", None, (DebianSource("trixie", ("postgresql-17",)),), ()))
    assert error.slug == "version-unknown"
    assert "`debian:trixie/postgresql-17`" in error.message


def test_unknown_version() -> None:
    """Who is offered another version of a suite's package is told to ask that suite for it, and not the base set."""
    package = DebianSet("bookworm").package("mawk")
    error = fail(package, request="99")
    assert error.slug == "version-unknown"
    assert error.hint == "ask for one of them, as in `devenv add debian:bookworm/mawk@1.0`"


def test_names_to_add() -> None:
    """Packages of the suite that `debian:` means go without its name; versions are spelled as locks do."""
    names = [DebianSet(suite).package("htop").wanted_name for suite in ("trixie", "sid")]
    assert names == ["debian:htop", "debian:sid/htop"]
    elsewhere = [DebianSet(suite, "sid").package("htop").wanted_name for suite in ("trixie", "sid")]
    assert elsewhere == ["debian:trixie/htop", "debian:htop"]
    assert asked_version("1:2024.05+dfsg-2") == "2024.5"
