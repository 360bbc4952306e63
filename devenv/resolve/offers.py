"""What the sources of one package offer: its versions, and for each version the file that serves each system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from devenv.debian.architectures import ARCHITECTURES
from devenv.packages.package import ArchiveSource, DebianSource, Package, Source, WheelSource
from devenv.packages.wheels import WheelFile, choose_wheels, group_wheels, parse_version
from devenv.system import Requirement, System

if TYPE_CHECKING:
    from packaging.version import Version

    from devenv.debian.closure import DebIndex
    from devenv.debian.record import DebRecord
    from devenv.debian.source_record import SourceFile, SourceIndex, SourceRecord


class PackageIndex(Protocol):
    """What registries list: `devenv.fetch` over the network, mappings in tests."""

    def wheels(self, project: str) -> Sequence[WheelFile]:
        """The wheels of `project`, in any order. Raises FetchError where the index cannot say."""
        ...

    def suite(self, suite: str, system: System) -> DebIndex:
        """The packages of a Debian suite for a system. Raises FetchError where the index cannot say."""
        ...

    def sources(self, suite: str) -> SourceIndex:
        """The source packages of a Debian suite. Raises FetchError where the index cannot say."""
        ...


@dataclass(frozen=True, slots=True)
class WheelChoice:
    """The wheel that was chosen for one system, and the oldest platform that it runs on (None: any)."""

    file: WheelFile
    requirement: Requirement | None


@dataclass(frozen=True, slots=True)
class DebChoice:
    """The Debian package that was chosen for one system."""

    source: DebianSource
    record: DebRecord

    @property
    def requirement(self) -> None:
        """None: it brings its own libraries."""
        return


@dataclass(frozen=True, slots=True)
class ArchiveChoice:
    """The Debian source package that was chosen, whose archives are the same for every system."""

    source: ArchiveSource
    record: SourceRecord

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The archives that the recipe wants."""
        return self.record.select(self.source.component)

    @property
    def requirement(self) -> None:
        """None: what is built runs on the pinned runtime."""
        return


@dataclass(frozen=True, slots=True)
class OwnChoice:
    """The project's own source: there is no file to be had."""

    @property
    def requirement(self) -> None:
        """None, as for archives."""
        return


Choice = WheelChoice | DebChoice | ArchiveChoice | OwnChoice


@dataclass(frozen=True, slots=True)
class _WheelOffer:
    """The wheels of one version in one source."""

    source: WheelSource
    files: tuple[WheelFile, ...]

    @property
    def is_withdrawn(self) -> bool:
        return all(file.yanked for file in self.files)

    def choose(self, *, withdrawn: bool) -> Iterator[tuple[System, Choice]]:
        # A single withdrawn file is no choice; a version withdrawn as a whole is only reached by its name.
        usable = (file for file in self.files if withdrawn or not file.yanked)
        for system, (file, requirement) in choose_wheels(usable).items():
            if self.source.serves(system):
                yield system, WheelChoice(file, requirement)


@dataclass(frozen=True, slots=True)
class _DebOffer:
    """One version of a Debian package, by system."""

    source: DebianSource
    records: Mapping[System, DebRecord]

    @property
    def is_withdrawn(self) -> bool:
        return False

    def choose(self, *, withdrawn: bool) -> Iterator[tuple[System, Choice]]:
        del withdrawn
        for system, record in self.records.items():
            yield system, DebChoice(self.source, record)


@dataclass(frozen=True, slots=True)
class _ArchiveOffer:
    """One version of a Debian source package."""

    source: ArchiveSource
    record: SourceRecord

    @property
    def is_withdrawn(self) -> bool:
        return False

    def choose(self, *, withdrawn: bool) -> Iterator[tuple[System, Choice]]:
        del withdrawn
        for system in filter(self.source.serves, ARCHITECTURES):
            yield system, ArchiveChoice(self.source, self.record)


_Offer = _WheelOffer | _DebOffer | _ArchiveOffer


class Offers:
    """The versions of a package over all of its sources. File names are looked at closely only where asked."""

    def __init__(self, package: Package, index: PackageIndex, systems: Sequence[System] | None = None) -> None:
        """`systems` are those that matter (None: all): suites are not asked for others."""
        self.package = package
        self._offers: dict[Version, list[_Offer]] = {}
        self._choices: dict[Version, Mapping[System, Choice]] = {}
        for source in package.sources:
            specifiers = source.specifiers()
            for version, offer in _iter_offers(source, index, systems):
                if version in specifiers:
                    self._offers.setdefault(version, []).append(offer)
        self.versions: tuple[Version, ...] = tuple(sorted(self._offers, reverse=True))
        """All versions, newest first."""
        self.yanked = frozenset(version for version, offers in self._offers.items() if _are_withdrawn(offers))
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
        for offer in self._offers.get(version, []):
            for system, choice in offer.choose(withdrawn=version in self.yanked):
                choices.setdefault(system, choice)
        return {system: choices[system] for system in sorted(choices)}


def _iter_offers(
    source: Source, index: PackageIndex, systems: Sequence[System] | None
) -> Iterator[tuple[Version, _Offer]]:
    if isinstance(source, WheelSource):
        for version, files in group_wheels(index.wheels(source.project)).items():
            yield version, _WheelOffer(source, files)
    elif isinstance(source, ArchiveSource):
        yield from _iter_archive_offers(source, index, systems)
    else:
        # Architectures may be at different versions for some days: a version has those systems that have it.
        for version, records in _group_records(source, index, systems).items():
            yield version, _DebOffer(source, records)


def _iter_archive_offers(
    source: ArchiveSource, index: PackageIndex, systems: Sequence[System] | None
) -> Iterator[tuple[Version, _Offer]]:
    from devenv.debian.version import upstream_version

    if not any(source.serves(system) for system in systems or ARCHITECTURES):
        return
    record = index.sources(source.suite).find(source.package)
    version = None if record is None else parse_version(upstream_version(record.version))
    if record is not None and version is not None and record.select(source.component):
        yield version, _ArchiveOffer(source, record)


def _group_records(
    source: DebianSource, index: PackageIndex, systems: Sequence[System] | None
) -> dict[Version, dict[System, DebRecord]]:
    from devenv.debian.version import upstream_version

    groups: dict[Version, dict[System, DebRecord]] = {}
    for system in (each for each in ARCHITECTURES if source.serves(each) and (systems is None or each in systems)):
        record = index.suite(source.suite, system).find(source.packages[0])
        version = None if record is None else parse_version(upstream_version(record.version))
        if record is not None and version is not None:
            groups.setdefault(version, {})[system] = record
    return groups


def _are_withdrawn(offers: Iterable[_Offer]) -> bool:
    return all(offer.is_withdrawn for offer in offers)
