"""An index in memory, and the package that is resolved against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from devenv.debian.closure import DebIndex
from devenv.debian.source_record import SourceIndex
from devenv.packages.package import Package, WheelSource
from devenv.packages.versions import parse_version_request
from devenv.packages.wheels import WheelFile
from devenv.resolve.resolver import Resolution, resolve_package
from devenv.system import System

Resolve = Callable[..., Resolution]


class MemoryIndex:
    """A `WheelIndex` over file names; a name that begins with `!` is a withdrawn file."""

    def __init__(self, projects: Mapping[str, Sequence[str]]) -> None:
        self._projects = projects

    def wheels(self, project: str) -> Sequence[WheelFile]:
        return [
            WheelFile(name.removeprefix("!"), f"pypi:packages/{name}", "0" * 64, yanked=name.startswith("!"))
            for name in self._projects.get(project, ())
        ]

    def suite(self, suite: str, system: System) -> DebIndex:
        raise AssertionError(f"nobody asked for {suite} on {system}")

    def sources(self, suite: str) -> SourceIndex:
        raise AssertionError(f"nobody asked for the sources of {suite}")


@pytest.fixture(scope="session")
def resolve() -> Resolve:
    """Resolves `tool` (by default with the one source `tool`) against projects (name → file names)."""

    def call(
        projects: Mapping[str, Sequence[str]],
        request: str = "*",
        systems: Sequence[System] | None = None,
        *,
        preferred: str | None = None,
        sources: tuple[WheelSource, ...] = (WheelSource("tool"),),
    ) -> Resolution:
        package = Package("tool", "A tool", "MIT", None, sources, ())
        return resolve_package(package, parse_version_request(request), systems, MemoryIndex(projects), preferred)

    return call
