"""What a recipe says, as values: a package, its sources, and the plan by which files become a tree.

`devenv.packages.recipe_data` makes them of a recipe's answers. `devenv.resolve` works on packages; plans become
derivations in `devenv.derivation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devenv.system import System

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet


@dataclass(frozen=True, slots=True)
class Source:
    """A project on PyPI whose wheels carry a package, narrowed to some versions and systems."""

    project: str
    versions: str = ""
    """Specifiers (PEP 440) of the versions that the recipe is written for; empty for all."""
    systems: tuple[System, ...] | None = None
    """None for all."""

    def specifiers(self) -> SpecifierSet:
        """`versions`, parsed; a pre-release counts as lying where its number says."""
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(self.versions, prereleases=True)

    def serves(self, system: System) -> bool:
        """Whether the source is meant for `system`."""
        return self.systems is None or system in self.systems


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its recipe describes it."""

    name: str
    summary: str
    license: str
    """An SPDX expression."""
    homepage: str | None
    sources: tuple[Source, ...]
    """At least one, in the order of preference."""
    smoke: tuple[str, ...]
    """Commands that succeed where the package works."""

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that the smoke commands start: what people may know the package by."""
        return tuple(dict.fromkeys(command.split()[0] for command in self.smoke))


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What a recipe is told when it is asked for a plan."""

    version: str
    """A version as PEP 440 has it."""
    system: System
    sources: tuple[str, ...]
    """The SHA-256 of each file, 64 hexadecimal digits; none for a package that is made of nothing else."""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Which builder makes the tree, and from what: all that a derivation needs of the recipe."""

    builder: str
    """Name and version, such as `unpack/1`."""
    arguments: Mapping[str, Any]
    """Plain JSON data without floating-point numbers."""
    sources: tuple[str, ...]
    """Those of the request's files that the builder reads."""
