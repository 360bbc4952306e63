"""What answers a manifest: the files of each package for each system, kept from the lock or asked of the indexes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from devenv.environment.derive import DeriveRequest, PackageSets, is_offered, locked_suite
from devenv.environment.project_sets import Pinned
from devenv.environment.tree_sets import TreeSet
from devenv.errors import ResolutionError
from devenv.lock.model import Lock, LockedArtifact, LockedPackage
from devenv.lock.satisfies import wanted_systems
from devenv.manifest.model import DEFAULT_ENVIRONMENT, Manifest, PackageRequest
from devenv.packages.package import Package, WheelSource
from devenv.packages.versions import parse_version_request
from devenv.packages.wheels import WheelFile
from devenv.resolve.offers import ArchiveChoice, Choice, DebChoice, OwnChoice, WheelChoice
from devenv.resolve.resolver import Resolution, narrow_sources, resolve_package, take_version
from devenv.resolve.suites import iter_suites
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, System

if TYPE_CHECKING:
    from devenv.debian.closure import DebIndex
    from devenv.debian.source_record import SourceIndex


class SuiteRelease(Protocol):
    """The state of a Debian suite that answered."""

    @property
    def revision(self) -> str:
        """`blake3:…` over its release files."""
        ...

    @property
    def dates(self) -> Mapping[str, str]:
        """When each of its releases was published, by name: `YYYY-MM-DDTHH:MM:SSZ`."""
        ...

    @property
    def date(self) -> str:
        """When the youngest of them was."""
        ...


class LockingIndex(Protocol):
    """Registries that can be asked several things at once."""

    def wheels_of(self, projects: Iterable[str]) -> Mapping[str, Sequence[WheelFile]]:
        """What is listed of each project."""
        ...

    def sizes_of(self, files: Iterable[WheelFile]) -> Mapping[str, int]:
        """The sizes in bytes by SHA-256, also where the page did not say."""
        ...

    def has_suites(self) -> bool:
        """Whether a Debian archive is known."""
        ...

    def suite(self, suite: str, system: System) -> DebIndex:
        """The packages of a Debian suite."""
        ...

    def sources(self, suite: str) -> SourceIndex:
        """The source packages of a Debian suite."""
        ...

    def open_suites(self, wanted: Collection[tuple[str, System | None]]) -> None:
        """Have what `suite` and (for None) `sources` will be asked for brought here side by side."""
        ...

    def release(self, suite: str) -> SuiteRelease:
        """The state of the suite that `suite` answers from."""
        ...


class _Pages:
    """Pages that were read side by side, as an index."""

    def __init__(self, pages: Mapping[str, Sequence[WheelFile]], index: LockingIndex) -> None:
        self._pages = pages
        self._index = index

    def wheels(self, project: str) -> Sequence[WheelFile]:
        return self._pages[project]

    def suite(self, suite: str, system: System) -> DebIndex:
        return self._index.suite(suite, system)

    def sources(self, suite: str) -> SourceIndex:
        return self._index.sources(suite)


@dataclass(frozen=True, slots=True)
class Moving:
    """What is answered anew though the lock has an answer: names of packages and dependencies, and the runtime.

    `inputs` are those whose state is looked for anew, by their names.
    """

    packages: frozenset[str] = frozenset()
    dependencies: frozenset[str] = frozenset()
    runtime: bool = False
    inputs: frozenset[str] = frozenset()


NOTHING = Moving()


@dataclass(frozen=True, slots=True)
class LockRequest:
    """What to lock: the manifest, and the lock so far, whose answers stay where they still answer."""

    manifest: Manifest
    previous: Lock | None
    sets: PackageSets
    files: Mapping[str, StorePath] = field(default_factory=dict)
    """The project's files that packages are built with, by their paths in it."""
    moving: Moving = NOTHING

    @property
    def kept_packages(self) -> dict[str, LockedPackage]:
        """The packages of the lock so far whose answers count."""
        return {} if self.previous is None else _without(self.previous.packages, self.moving.packages)

    @property
    def kept_dependencies(self) -> dict[str, LockedPackage]:
        """The same for dependencies."""
        return {} if self.previous is None else _without(self.previous.dependencies, self.moving.dependencies)


def _without(table: Mapping[str, LockedPackage], names: Collection[str]) -> dict[str, LockedPackage]:
    return {name: each for name, each in table.items() if name not in names}


@dataclass(frozen=True, slots=True)
class Files:
    """What was pinned of a package for one system; where it is from Debian, the suite and the date of its release."""

    artifacts: tuple[LockedArtifact, ...]
    suite: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for, and what answers it."""

    wanted: PackageRequest
    version: str
    systems: Mapping[System, Files]
    lacking: Mapping[System, str] = field(default_factory=dict)


class Answering:
    """Answers one manifest; `asked` collects the Debian suites whose packages were pinned afresh."""

    def __init__(self, request: LockRequest, index: LockingIndex, asked: set[str]) -> None:
        self._request = request
        self._index = index
        self.asked = asked

    def answer(
        self, wanted: Sequence[PackageRequest], previous: Mapping[str, LockedPackage], systems: Sequence[System] = ()
    ) -> dict[str, Answer]:
        """The answer to each of `wanted`, by name, in their order; for `systems`, else those of the manifest.

        `previous` has what is kept where it still answers. Raises FetchError, RecipeError, ResolutionError.
        """
        asked = {each.name: tuple(systems) or wanted_systems(each, self._request.manifest) for each in wanted}
        kept = {
            each.name: self._find_pinned(each, asked[each.name])
            or self._find_kept(each, previous.get(each.name), asked[each.name])
            for each in wanted
        }
        missing = [each for each in wanted if kept[each.name] is None]
        resolutions = self._resolve(missing, previous, asked)
        found = self._to_answers(missing, resolutions)
        return {each.name: kept[each.name] or found[each.name] for each in wanted}

    def _find_pinned(self, wanted: PackageRequest, systems: Sequence[System] | None) -> Answer | None:
        """What another project's lock has pinned, where the package is from one."""
        packages = self._request.sets[wanted.input]
        project = packages.project if isinstance(packages, TreeSet) else None
        pinned = None if project is None else project.pinned(wanted.name, self._environment_of(wanted))
        if project is None or pinned is None:
            return None
        if not parse_version_request(wanted.version).matches(pinned.version):
            raise ResolutionError(
                f"`{wanted.name}` is {pinned.version} in `{project.label}`, which does not satisfy `{wanted.version}`",
                hint='write `"*"`: the project says which version it is',
                slug="version-unknown",
            )
        missing = [system for system in systems or () if system not in pinned.systems]
        if missing:
            raise ResolutionError(
                f"`{wanted.name}` cannot be had for {missing[0]}: {pinned.lacking.get(missing[0], 'it is not locked')}",
                hint=f"leave `{missing[0]}` out of `systems` in `devenv.toml`",
                slug="system-missing",
            )
        files = {system: _files_of(pinned, system) for system in systems or pinned.systems}
        return Answer(wanted, pinned.version, files, {} if systems else pinned.lacking)

    def _environment_of(self, wanted: PackageRequest) -> str:
        """The environment of another project that the package is taken with, where the manifest does not name it."""
        manifest = self._request.manifest
        taken = () if wanted.name in manifest.packages else manifest.taken
        return next((each.environment for each in taken if each.input == wanted.input), DEFAULT_ENVIRONMENT)

    def _find_kept(
        self, wanted: PackageRequest, locked: LockedPackage | None, systems: Sequence[System] | None
    ) -> Answer | None:
        """What is locked, where it still answers what is wanted.

        It does not where the recipe turned elsewhere: what it builds of other files would not build of these.
        """
        previous = self._request.previous
        if locked is None or previous is None or locked.input != wanted.input:
            return None
        if not parse_version_request(wanted.version).matches(locked.version):
            return None
        if not covers(locked, systems):
            return None
        builds = {system: locked.systems[system] for system in systems or locked.systems}
        files = {
            system: Files(build.artifacts, locked_suite(previous, build), build.date)
            for system, build in builds.items()
        }
        answer = Answer(wanted, locked.version, files, locked.lacking if systems is None else {})
        offered = all(is_offered(self.derive_request(answer, system)) for system in files)
        return answer if offered else None

    def _resolve(
        self,
        asked: Sequence[PackageRequest],
        previous: Mapping[str, LockedPackage],
        systems: Mapping[str, Sequence[System] | None],
    ) -> dict[str, Resolution]:
        packages = {wanted.name: self._package(wanted) for wanted in asked}
        requests = {wanted.name: parse_version_request(wanted.version) for wanted in asked}
        resolutions = {}
        for wanted in asked:
            version = requests[wanted.name].plain
            if wanted.overrides.source is not None and version is not None:
                resolutions[wanted.name] = take_version(packages.pop(wanted.name), version, systems[wanted.name])
        sources = [source for package in packages.values() for source in package.sources]
        projects = sorted({source.project for source in sources if isinstance(source, WheelSource)})
        answers = _Pages(self._index.wheels_of(projects), self._index)
        preferred = {wanted.name: _preferred(wanted, previous) for wanted in asked}
        narrowed = {name: narrow_sources(packages[name], requests[name], preferred[name]) for name in packages}
        suites = (suite for name, each in narrowed.items() for suite in iter_suites([each], systems[name]))
        self._index.open_suites(list(dict.fromkeys(suites)))
        for name, package in packages.items():
            resolutions[name] = resolve_package(package, requests[name], systems[name], answers, preferred[name])
        return resolutions

    def _to_answers(self, asked: Sequence[PackageRequest], resolutions: Mapping[str, Resolution]) -> dict[str, Answer]:
        used = (resolutions[wanted.name] for wanted in asked if wanted.overrides.source is None)
        sizes = self._index.sizes_of(_iter_wheels(used))
        answers = {}
        for wanted in asked:
            resolution = resolutions[wanted.name]
            if wanted.overrides.source is not None:
                # The project has what is to be built; the recipe's own files only say which version there is.
                systems = dict.fromkeys(resolution.files, Files(()))
            else:
                systems = {system: self._pin(choice, system, sizes) for system, choice in resolution.files.items()}
            answers[wanted.name] = Answer(wanted, resolution.version, systems, resolution.lacking)
        return answers

    def _pin(self, choice: Choice, system: System, sizes: Mapping[str, int]) -> Files:
        if isinstance(choice, DebChoice):
            return self._pin_debs(choice, system)
        if isinstance(choice, ArchiveChoice):
            return self._pin_archives(choice)
        if isinstance(choice, OwnChoice):
            return Files(())
        file = choice.file
        return Files((LockedArtifact(file.locator, file.sha256, sizes[file.sha256], choice.requirement),))

    def _pin_archives(self, choice: ArchiveChoice) -> Files:
        suite = choice.source.suite
        self.asked.add(suite)
        artifacts = tuple(LockedArtifact(each.locator, each.sha256, each.size) for each in choice.files)
        return Files(artifacts, suite, self._index.release(suite).date)

    def _pin_debs(self, choice: DebChoice, system: System) -> Files:
        from devenv.debian.closure import ClosureError, find_closure
        from devenv.debian.policy import read_policy

        source = choice.source
        self.asked.add(source.suite)
        try:
            index = self._index.suite(source.suite, system)
            records = find_closure(index, source.packages, read_policy(), source.without)
        except ClosureError as error:
            raise ResolutionError(
                f"what `{source}` depends on cannot be had for {system}: {error}",
                hint="the suite is in a transition: try again later, or ask another suite for the package",
                slug="closure-unsatisfied",
            ) from error
        artifacts = tuple(LockedArtifact(each.locator, each.sha256, each.size) for each in records)
        return Files(artifacts, source.suite, self._index.release(source.suite).date)

    def _package(self, wanted: PackageRequest) -> Package:
        packages = self._request.sets[wanted.input]
        try:
            return packages.package(wanted.name)
        except ResolutionError as error:
            for other in self._request.sets.values():
                if other.has(wanted.name):
                    error.hint = f"another set has it: `devenv add {other.package(wanted.name).wanted_name}`"
            raise

    def derive_request(self, answer: Answer, system: System) -> DeriveRequest:
        """What there is to derive of an answer."""
        files = answer.systems[system]
        wanted = answer.wanted
        packages = self._request.sets[wanted.input]
        keep = self._request.manifest.keep
        return DeriveRequest(
            packages, wanted.name, answer.version, system, files.artifacts, files.suite, keep, wanted.overrides
        )


def _files_of(pinned: Pinned, system: System) -> Files:
    if pinned.package is None:
        return Files(())
    build = pinned.package.systems[system]
    return Files(build.artifacts, locked_suite(pinned.lock, build), build.date)


def _preferred(wanted: PackageRequest, previous: Mapping[str, LockedPackage]) -> str | None:
    """The version that the lock has."""
    locked = previous.get(wanted.name)
    return locked.version if locked is not None and locked.input == wanted.input else None


def covers(locked: LockedPackage, systems: Sequence[System] | None) -> bool:
    """Whether it is known for each of `systems`; where they are left open, of each whether it can be had."""
    if systems is None:
        return all(system in locked.systems or system in locked.lacking for system in ALL_SYSTEMS)
    return all(system in locked.systems for system in systems)


def _iter_wheels(resolutions: Iterable[Resolution]) -> Iterator[WheelFile]:
    for resolution in resolutions:
        for choice in resolution.files.values():
            if isinstance(choice, WheelChoice):
                yield choice.file
