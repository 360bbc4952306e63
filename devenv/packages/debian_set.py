"""The package set `debian:<suite>`: every package of a Debian suite, as it is there, without a recipe of its own."""

from __future__ import annotations

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.record import is_name
from devenv.debian.suites import DEBIAN
from devenv.errors import ResolutionError
from devenv.packages.package import BuildPlan, BuildRequest, DebianSource, Package


class DebianSet:
    """The packages of one suite. What they are, its index says when a lock is made; nothing is asked here."""

    revision = ""
    """An index has states, which only asking tells."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self.label = DEBIAN + suite

    def package(self, name: str) -> Package:
        """The package with that name, whether there is one or not. Raises ResolutionError (`package-unknown`)."""
        if not is_name(name):
            raise ResolutionError(
                f"`{self.label}` can have no package {name[:100]!r}",
                hint="names are made of lower-case letters, digits and `+ . -`",
                slug="package-unknown",
            )
        return Package(name, "", "", None, (DebianSource(self.suite, (name,)),), ())

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """The plan for the bundle of the package and what it depends on."""
        del name
        arguments = {
            "architecture": ARCHITECTURES[request.system],
            "debs": list(request.debs),
            "own": list(request.own),
            "keep": list(request.keep),
        }
        return BuildPlan("bundle/1", arguments, tuple(request.debs.values()))
