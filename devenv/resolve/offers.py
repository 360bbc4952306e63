"""What the sources of one package offer: its versions, and for each version the file that serves each system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from devenv.packages.package import Package, Source
from devenv.packages.wheels import WheelFile, choose_wheels, group_wheels
from devenv.system import Requirement, System

if TYPE_CHECKING:
    from packaging.version import Version


class WheelIndex(Protocol):
    """Lists the files of projects: `devenv.fetch` over the network, a mapping in tests."""

    def wheels(self, project: str) -> Sequence[WheelFile]:
        """The wheels of `project`, in any order. Raises FetchError where the index cannot say."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """The file that was chosen for one system, and the oldest platform that it runs on (None: any)."""

    project: str
    file: WheelFile
    requirement: Requirement | None


class Offers:
    """The versions of a package over all of its sources. File names are looked at closely only where asked."""

    def __init__(self, package: Package, index: WheelIndex) -> None:
        self._files: dict[Version, list[tuple[Source, tuple[WheelFile, ...]]]] = {}
        self._choices: dict[Version, Mapping[System, Choice]] = {}
        for source in package.sources:
            specifiers = source.specifiers()
            for version, files in group_wheels(index.wheels(source.project)).items():
                if version in specifiers:
                    self._files.setdefault(version, []).append((source, files))
        self.versions: tuple[Version, ...] = tuple(sorted(self._files, reverse=True))
        """All versions, newest first."""
        self.yanked = frozenset(version for version, offers in self._files.items() if _is_withdrawn(offers))
        """The versions of which every file was withdrawn."""
        self.stable = tuple(each for each in self.versions if not each.is_prerelease and each not in self.yanked)
        """The versions that somebody may be pointed to, newest first."""

    def choices(self, version: Version) -> Mapping[System, Choice]:
        """The file for each system that `version` serves: of the first source that serves it."""
        if version not in self._choices:
            self._choices[version] = self._choose(version)
        return self._choices[version]

    def _choose(self, version: Version) -> Mapping[System, Choice]:
        choices: dict[System, Choice] = {}
        for source, files in self._files.get(version, []):
            # A single withdrawn file is no choice; a version withdrawn as a whole is only reached by its name.
            usable = (file for file in files if version in self.yanked or not file.yanked)
            for system, (file, requirement) in choose_wheels(usable).items():
                if source.serves(system):
                    choices.setdefault(system, Choice(source.project, file, requirement))
        return {system: choices[system] for system in sorted(choices)}


def _is_withdrawn(offers: list[tuple[Source, tuple[WheelFile, ...]]]) -> bool:
    return all(file.yanked for _, files in offers for file in files)
