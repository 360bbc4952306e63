"""What a recipe says, as values: a package, its sources, and the plan by which files become a tree.

`devenv.packages.recipe_data` makes them of a recipe's answers. `devenv.resolve` works on packages; plans become
derivations in `devenv.derivation`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devenv.debian.architectures import ARCHITECTURES
from devenv.store_path import StorePath
from devenv.system import System

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet


MAIN_COMPONENT = "orig"
"""What Debian calls the archive that upstream published."""

SCRIPT_BUILDER = "script/1"
"""The builder that runs a recipe's own commands, in a sandbox: packages that are built from source have it."""


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A project on PyPI whose wheels carry a package, narrowed to some versions and systems."""

    project: str
    versions: str = ""
    """Specifiers (PEP 440) of the versions that the recipe is written for; empty for all."""
    systems: tuple[System, ...] | None = None
    """None for all."""

    def specifiers(self) -> SpecifierSet:
        """`versions`, parsed; a pre-release counts as lying where its number says."""
        return _parse_specifiers(self.versions)

    def serves(self, system: System) -> bool:
        """Whether the source is meant for `system`."""
        return self.systems is None or system in self.systems

    def __str__(self) -> str:
        return f"pypi:{self.project}"


@dataclass(frozen=True, slots=True)
class DebianSource:
    """Packages of a Debian suite, with what they depend on; the upstream version of the first one counts."""

    suite: str
    """A codename."""
    packages: tuple[str, ...]
    versions: str = ""
    systems: tuple[System, ...] | None = None
    without: tuple[str, ...] = ()
    """Packages that are left out of the closure."""

    def specifiers(self) -> SpecifierSet:
        """As for wheels."""
        return _parse_specifiers(self.versions)

    @property
    def line(self) -> tuple[int, ...] | None:
        """The numbers that all its versions begin with, where the recipe says so (`==17.*`)."""
        return _parse_line(self.versions)

    def serves(self, system: System) -> bool:
        """Whether Debian has `system`, and the source is meant for it."""
        return system in ARCHITECTURES and (self.systems is None or system in self.systems)

    def __str__(self) -> str:
        return f"debian:{self.suite}/{self.packages[0]}"


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """The upstream archives of a Debian source package, from which a package is built; its upstream version counts."""

    suite: str
    """A codename."""
    package: str
    versions: str = ""
    systems: tuple[System, ...] | None = None
    component: str = MAIN_COMPONENT
    """Which of its archives: `orig` the main one, `orig-NAME` a further one, `*` all."""

    def specifiers(self) -> SpecifierSet:
        """As for wheels."""
        return _parse_specifiers(self.versions)

    @property
    def line(self) -> tuple[int, ...] | None:
        """As for Debian's packages."""
        return _parse_line(self.versions)

    def serves(self, system: System) -> bool:
        """Whether there is a sysroot for `system` to build in, and the source is meant for it."""
        return system in ARCHITECTURES and (self.systems is None or system in self.systems)

    def __str__(self) -> str:
        return f"debian:{self.suite}/{self.package} (source)"


Source = WheelSource | DebianSource | ArchiveSource


def _parse_line(versions: str) -> tuple[int, ...] | None:
    match = re.fullmatch(r"==([0-9]+(?:\.[0-9]+)*)\.\*", versions, re.ASCII)
    return None if match is None else tuple(map(int, match[1].split(".")))


def _parse_specifiers(text: str) -> SpecifierSet:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(text, prereleases=True)


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its recipe describes it."""

    name: str
    summary: str
    license: str
    """An SPDX expression."""
    homepage: str | None
    sources: tuple[Source, ...]
    """In the order of preference; none where another project builds it of its own files."""
    smoke: tuple[str, ...]
    """Commands that succeed where the package works."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What environments with it set: variable → path within the environment."""
    search_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Variables that hold directories → paths within the environment, to be put in front."""
    inputs: tuple[str, ...] = ()
    """Packages that its build sees and that it needs to run, by name: of the same set, else of `builtin:base`."""
    tools: tuple[str, ...] = ()
    """Packages that only its build sees."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Inputs and tools that others stand in for: the recipe's name → the name of the package."""
    prefix: str = ""
    """What stands before the name on the command line: `source:`, or `debian:` or `debian:SUITE/` where a suite has
    the package and there is no recipe.
    """

    @property
    def wanted_name(self) -> str:
        """What `devenv add` calls it."""
        return self.prefix + self.name

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that the smoke commands start by their names: what people may know the package by."""
        names = (command.split()[0] for command in self.smoke)
        return tuple(dict.fromkeys(name for name in names if "/" not in name))


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What a recipe is told when it is asked for a plan."""

    version: str
    """A version as PEP 440 has it."""
    system: System
    source: str | None = None
    """The SHA-256 of the wheel, 64 hexadecimal digits."""
    debs: Mapping[str, str] = field(default_factory=dict)
    """Name → SHA-256 of each Debian package, in the lock's order."""
    own: tuple[str, ...] = ()
    """The Debian packages that were asked for by name."""
    keep: tuple[str, ...] = ()
    """What the manifest wants kept of Debian packages: `documentation`, `locales`."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """File name → SHA-256 of each archive that the package is built from."""
    flags: tuple[str, ...] = ()
    """Further arguments for the step that configures the build, from the manifest's overrides."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables for the build, from there too."""
    patches: tuple[str, ...] = ()
    """Names of the patches that the build applies, in their order."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """As in Package; from there too, and wins over what the recipe says."""

    @property
    def digests(self) -> tuple[str, ...]:
        """All of its files."""
        return (*([] if self.source is None else [self.source]), *self.debs.values(), *self.sources.values())


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Which builder makes the tree, and from what: all that a derivation needs of the recipe."""

    builder: str
    """Name and version, such as `unpack/1`."""
    arguments: Mapping[str, Any]
    """Plain JSON data without floating-point numbers."""
    sources: tuple[str, ...]
    """Those of the request's files that the builder reads."""
    runtime: bool = False
    """Whether, on Linux, its programs run on the pinned runtime instead of the host's libraries."""
    inputs: tuple[str, ...] = ()
    """For scripts, as in Package: the names that the script knows them by."""
    tools: tuple[str, ...] = ()
    """None that is among the inputs."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """As in Package: which package an input or tool is, where that is not the one of its name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for scripts."""
    tree: StorePath | None = None
    """The object that a script builds, where that is not among the artifacts."""

    @property
    def is_script(self) -> bool:
        """Whether it is built from source."""
        return self.builder == SCRIPT_BUILDER

    def package_of(self, name: str) -> str:
        """The package that is the input or tool `name`."""
        return self.replaced.get(name, name)
