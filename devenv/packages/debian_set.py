"""The package set `debian:<suite>`: every package of a Debian suite, as it is there, without a recipe of its own."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.record import is_name
from devenv.debian.suites import DEBIAN, DEFAULT_SUITE, suite_prefix
from devenv.errors import ResolutionError
from devenv.packages.package import BuildPlan, BuildRequest, DebianSource, Package

PERL = "perl-base"
MODULES = "perl-modules-"
SHOWN_NAME_LIMIT = 64


class DebianSet:
    """The packages of one suite. What they are, its index says when a lock is made; nothing is asked here."""

    revision = ""
    """An index has states, which only asking tells."""

    def __init__(self, suite: str, usual: str = DEFAULT_SUITE) -> None:
        """`usual` is the suite that `debian:` alone means on the command line."""
        self.suite = suite
        self.label = DEBIAN + suite
        self._prefix = suite_prefix(suite, usual)

    def has(self, name: str) -> bool:
        """Whether there is a recipe for a package of that name: there are none."""
        del name
        return False

    def package(self, name: str) -> Package:
        """The package with that name, whether there is one or not. Raises ResolutionError (`package-unknown`)."""
        if not is_name(name):
            shown = name[:SHOWN_NAME_LIMIT] if name.isprintable() else ascii(name[:SHOWN_NAME_LIMIT])
            raise ResolutionError(
                f"`{self.label}` can have no package `{shown}`",
                hint="names are made of lower-case letters, digits and `+ . -`",
                slug="package-unknown",
            )
        return Package(name, "", "", None, (DebianSource(self.suite, (name,)),), (), prefix=self._prefix)

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """The plan for the bundle of the package and what it depends on."""
        del name
        arguments: dict[str, object] = {
            "architecture": ARCHITECTURES[request.system],
            "debs": list(request.debs),
            "own": list(request.own),
            "keep": list(request.keep),
            "plain": True,
        }
        if PERL in request.debs:
            arguments["wrap"] = {"usr/bin/perl": {"arguments": list(_iter_perl_arguments(request))}}
        return BuildPlan("bundle/1", arguments, tuple(request.debs.values()))


def _iter_perl_arguments(request: BuildRequest) -> Iterator[str]:
    """Where Perl's modules are, which is compiled into it: else scripts load the host's, of another version.

    The same directories as `builtin:base` names in `perl.star`.
    """
    libraries = f"lib/{request.system}-gnu"
    lines = [name.removeprefix(MODULES) for name in request.debs if name.startswith(MODULES)]
    directories = [f"{libraries}/perl5/{line}" for line in lines] + ["share/perl5", f"{libraries}/perl-base"]
    for line in lines:
        directories += [f"{libraries}/perl/{line}", f"share/perl/{line}"]
    return (f"-I{{root}}/usr/{directory}" for directory in directories)
