"""What a lock says, as values that cannot break its grammar: making one raises FieldError.

`parse` makes them of text, `devenv.environment.locking` of answers; `format` writes them, `satisfies` compares them
with a manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from devenv.debian.suites import DEBIAN, parse_suite
from devenv.lock import grammar
from devenv.lock.grammar import FieldError
from devenv.manifest.locators import TreeLocator
from devenv.manifest.model import PYPI_LOCATOR
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, Requirement, System

if TYPE_CHECKING:
    from devenv.manifest.model import Manifest

FIRST_VERSION, DEBIAN_VERSION, SOURCE_VERSION, TREE_VERSION = 1, 2, 3, 4
ENVIRONMENT_VERSION = TREE_VERSION
"""The formats that are read and written: 1 knows one registry, 2 Debian's archives, 3 what is built from source, 4
inputs that are trees from elsewhere, named environments and packages restricted by system."""

LAST_VERSION = TREE_VERSION

SOURCE_SET = "builtin:source"
"""The set whose packages are built here: only format 3 can say what they are built of."""

RUNTIME_NAME = "runtime"
"""What the table `[runtime]` is called where a package has its name."""


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """A file, fixed by its hash: where it is (a locator without a host), its size in bytes, what it needs to run."""

    locator: str
    sha256: str
    size: int
    requires: Requirement | None = None

    def __post_init__(self) -> None:
        grammar.ARTIFACT_LOCATOR.require("locator", self.locator)
        grammar.SHA256.require("sha256", self.sha256)
        grammar.require_size("size", self.size)
        if self.requires is not None:
            grammar.require_requirement("requires", str(self.requires))

    @property
    def filename(self) -> str:
        """The name that the file bears in its registry."""
        from urllib.parse import unquote

        return unquote(self.locator.rpartition("/")[2].removeprefix("pypi:"))


@dataclass(frozen=True, slots=True)
class LockedBuild:
    """A package for one system: its artifacts, the derivation's key, and the object where it is known already.

    The artifacts are in the order in which the recipe is given them. `index` names the input of the lock whose index
    said which they are, where that was one of Debian's, and `date` is the time of the release that said so: the input
    may have moved on since, for the sake of other packages.
    """

    artifacts: tuple[LockedArtifact, ...]
    derivation: str
    output: StorePath | None = None
    index: str | None = None
    date: str | None = None

    def __post_init__(self) -> None:
        grammar.KEY.require("derivation", self.derivation)
        if self.index is not None:
            grammar.INPUT.require("index", self.index)
        if self.date is not None:
            grammar.require_date("date", self.date)
        if self.index is not None and self.date is None:
            raise FieldError("date", "is missing: an index has the time of its release")
        if self.index is None and self.date is not None:
            raise FieldError("date", "is there beside `index` only")


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package: the request it answers, the version that was chosen, and what that means for each system.

    There is at least one system. `lacking` names those that it cannot be had for, with the reason in words.
    """

    name: str
    input: str
    request: str
    version: str
    systems: Mapping[System, LockedBuild]
    lacking: Mapping[System, str] = field(default_factory=dict)
    overrides: str | None = None
    """`blake3:…` over what the manifest changes in how the package is built; None where it changes nothing."""
    only: tuple[System, ...] | None = None
    """Sorted: the systems that the manifest restricts it to; on others it is not missing. None: it does not."""

    def __post_init__(self) -> None:
        if self.overrides is not None:
            grammar.KEY.require("overrides", self.overrides)
        grammar.PACKAGE.require("name", self.name)
        grammar.INPUT.require("input", self.input)
        grammar.REQUEST.require("request", self.request)
        grammar.VERSION.require("version", self.version)
        for system, reason in self.lacking.items():
            grammar.REASON.require(f"lacking.{system}", reason)
            if system in self.systems:
                raise FieldError(f"lacking.{system}", "contradicts `systems`, which has it")
        if not self.systems:
            raise FieldError("systems", "is missing: a package is there for one system at least")
        if self.only is not None:
            grammar.require_sorted("only", self.only)
            for system in (*self.systems, *self.lacking):
                if system not in self.only:
                    raise FieldError("only", f"leaves out {system}, which is among its systems")

    def is_for(self, system: System) -> bool:
        """Whether the manifest wants it there at all."""
        return self.only is None or system in self.only


@dataclass(frozen=True, slots=True)
class LockedInput:
    """A package set: its locator and the revision that answered.

    Of a Debian suite also its `releases`, by name (`trixie`, `trixie-security`), each with its time in UTC: a later
    answer must be older in none of them. Of a tree also the object in the store that it is, of a commit its `date`, and
    which of the tree's own inputs `follow` which of this lock's.
    """

    name: str
    locator: str
    revision: str
    releases: Mapping[str, str] = field(default_factory=dict)
    tree: StorePath | None = None
    date: str | None = None
    follows: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        grammar.INPUT.require("name", self.name)
        locator = grammar.find_tree_locator("locator", self.locator)
        rule = grammar.KEY if locator is None else grammar.TREE_REVISIONS[locator.kind]
        rule.require("revision", self.revision)
        if locator is not None and locator.revision is not None and self.revision != f"git:{locator.revision}":
            raise FieldError("revision", "is not the one that `locator` names")
        self._require_tree(locator)
        suite = parse_suite(self.locator)
        if suite is not None and not self.releases:
            raise FieldError("releases", "is missing: an index has the times of its releases")
        for name, date in self.releases.items():
            if suite is None:
                raise FieldError(f"releases.{name}", "is there for inputs of the kind `debian:` only")
            grammar.RELEASE.require(f"releases.{name}", name)
            if name.partition("-")[0] != suite:
                raise FieldError(f"releases.{name}", f"is no release of `{suite}`")
            grammar.require_date(f"releases.{name}", date)

    def _require_tree(self, locator: TreeLocator | None) -> None:
        if (self.tree is None) != (locator is None):
            raise FieldError("tree", "is there for inputs that are trees only" if self.tree else "is missing")
        if self.date is not None:
            if locator is None or locator.kind != "git":
                raise FieldError("date", "is there for commits only")
            grammar.require_date("date", self.date)
        for inner, outer in self.follows.items():
            if locator is None:
                raise FieldError(f"follows.{inner}", "is there for inputs that are trees only")
            grammar.INPUT.require(f"follows.{inner}", inner)
            grammar.INPUT.require(f"follows.{inner}", outer)

    @property
    def is_index(self) -> bool:
        """Whether the set is a Debian suite, whose packages an index lists."""
        return parse_suite(self.locator) is not None


@dataclass(frozen=True, slots=True)
class PinnedArtifact:
    """An artifact with the time of the release that pinned it, which had it then for certain; None: nothing tells.

    `package` is the name of the package or dependency that needs it; None: the runtime.
    """

    artifact: LockedArtifact
    date: str | None
    package: str | None = None


@dataclass(frozen=True, slots=True)
class LockedEnvironment:
    """What a named environment has that the default has not, or has otherwise; there is something of that.

    The fields are as in `Lock`. What its manifest asks for and is not here is the default's.
    """

    packages: Mapping[str, LockedPackage] = field(default_factory=dict)
    dependencies: Mapping[str, LockedPackage] = field(default_factory=dict)
    runtime: LockedPackage | None = None

    def __bool__(self) -> bool:
        return bool(self.packages or self.dependencies or self.runtime is not None)

    def iter_packages(self) -> Iterator[LockedPackage]:
        """All of them."""
        yield from self.packages.values()
        yield from self.dependencies.values()
        if self.runtime is not None:
            yield self.runtime


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock: inputs and packages by their names. `fingerprint` covers what the manifest says beyond packages.

    `runtime` is what programs of foreign files run on, the libraries of C and C++; its name is `RUNTIME_NAME`.
    `dependencies` are packages that nobody asked for and that others are built with.
    """

    fingerprint: str
    inputs: Mapping[str, LockedInput]
    packages: Mapping[str, LockedPackage]
    runtime: LockedPackage | None = None
    dependencies: Mapping[str, LockedPackage] = field(default_factory=dict)
    environments: Mapping[str, LockedEnvironment] = field(default_factory=dict)
    """The named ones that differ from the default in what is locked, which is what stands outside of here."""

    def __post_init__(self) -> None:
        grammar.KEY.require("fingerprint", self.fingerprint)
        for name, member in self.inputs.items():
            if member.name != name:
                raise FieldError(name, f"is where `{member.name}` was put")
        for name, environment in self.environments.items():
            grammar.ENVIRONMENT.require(f"environments.{name}", name)
            if not environment:
                raise FieldError(f"environments.{name}", "says nothing")
        self._require_followed()
        for path, package in self._tables():
            table = ".".join(path)
            if package.name != path[-1]:
                raise FieldError(table, f"is where `{package.name}` was put")
            if path[-2:-1] != ("packages",):
                _require_unasked(table, package)
            self._require_inputs(table, package)
        sizes: dict[str, int] = {}
        for artifact in self.iter_artifacts():
            if sizes.setdefault(artifact.sha256, artifact.size) != artifact.size:
                raise FieldError("packages", f"give the file {artifact.sha256} two sizes")

    def _tables(self) -> Iterator[tuple[tuple[str, ...], LockedPackage]]:
        """The packages, their dependencies and the runtime, of all environments, each with the path of its table."""
        parts: list[tuple[tuple[str, ...], Lock | LockedEnvironment]] = [((), self)]
        parts += [(("environments", name), each) for name, each in self.environments.items()]
        for head, part in parts:
            if part.runtime is not None:
                yield (*head, RUNTIME_NAME), part.runtime
            for name, package in part.dependencies.items():
                yield (*head, "dependencies", name), package
            for name, package in part.packages.items():
                yield (*head, "packages", name), package

    def _require_followed(self) -> None:
        for name, each in self.inputs.items():
            for inner, outer in each.follows.items():
                if outer not in self.inputs:
                    reason = f"names `{outer}`, which is not among the inputs"
                    raise FieldError(f"inputs.{name}.follows.{inner}", reason)

    def _require_inputs(self, table: str, package: LockedPackage) -> None:
        if package.input not in self.inputs:
            raise FieldError(f"{table}.input", f"names `{package.input}`, which is not among the inputs")
        for system, build in package.systems.items():
            if build.index is not None and (build.index not in self.inputs or not self.inputs[build.index].is_index):
                reason = f"names `{build.index}`, which is not among the inputs of the kind `debian:`"
                raise FieldError(f"{table}.systems.{system}.index", reason)

    @property
    def version(self) -> int:
        """The format that the lock is written in: the first that can say what it says."""
        if any(each.tree is not None or each.locator == PYPI_LOCATOR for each in self.inputs.values()):
            return TREE_VERSION
        if self.environments or any(each.only is not None for each in self.packages.values()):
            return ENVIRONMENT_VERSION
        if (
            self.dependencies
            or any(each.locator == SOURCE_SET for each in self.inputs.values())
            or any(each.overrides is not None for each in self.packages.values())
        ):
            return SOURCE_VERSION
        needs_debian = (
            self.runtime is not None
            or any(each.is_index for each in self.inputs.values())
            or any(artifact.locator.startswith(DEBIAN) for artifact in self.iter_artifacts())
        )
        return DEBIAN_VERSION if needs_debian else FIRST_VERSION

    def iter_builds(self, system: System) -> Iterator[LockedBuild]:
        """What the lock says for one system, of the runtime and of dependencies too."""
        for _, package in self._tables():
            if system in package.systems:
                yield package.systems[system]

    def iter_artifacts(self) -> Iterator[LockedArtifact]:
        """All artifacts; one that several packages or systems use comes once for each use."""
        for _, package in self._tables():
            for build in package.systems.values():
                yield from build.artifacts

    def iter_pinned(self, systems: Container[System]) -> Iterator[PinnedArtifact]:
        """The artifacts for these systems, with those of runtime and dependencies; one comes once for each use."""
        for path, package in self._tables():
            # The runtime has a table where packages have the tables around theirs.
            name = None if path[-1] == RUNTIME_NAME and len(path) % 2 == 1 else package.name
            for system, build in package.systems.items():
                if system in systems:
                    yield from (PinnedArtifact(artifact, build.date, name) for artifact in build.artifacts)

    def covers(self, system: System) -> bool:
        """Whether every package is there for the system that is wanted there; in the default environment.

        The runtime does not count: some systems have none.
        """
        return all(system in package.systems or not package.is_for(system) for package in self.packages.values())

    def on(self, system: System) -> Lock:
        """The lock of the default environment alone, without the packages that are not wanted on this system."""
        packages = {name: package for name, package in self.packages.items() if package.is_for(system)}
        unchanged = len(packages) == len(self.packages) and not self.environments
        return self if unchanged else replace(self, packages=packages, environments={})

    def parts(self) -> list[Lock | LockedEnvironment]:
        """What has packages, dependencies and a runtime: the lock itself for the default, and the environments."""
        return [self, *self.environments.values()]

    def map_packages(self, change: Callable[[LockedPackage], LockedPackage]) -> Lock:
        """The lock with what `change` makes of each package, dependency and runtime, in all environments."""
        environments = {name: LockedEnvironment(*_map_part(each, change)) for name, each in self.environments.items()}
        packages, dependencies, runtime = _map_part(self, change)
        return replace(self, packages=packages, dependencies=dependencies, runtime=runtime, environments=environments)

    def select(self, name: str, manifest: Manifest) -> Lock:
        """The lock of the environment `name` alone, as it answers `manifest.select(name)`; see there."""
        from devenv.lock.environments import select_environment

        return select_environment(self, manifest, name)

    @property
    def systems(self) -> tuple[System, ...]:
        """The systems that the whole lock covers, in the order of their names."""
        return tuple(system for system in ALL_SYSTEMS if self.covers(system))


def _map_part(
    part: Lock | LockedEnvironment, change: Callable[[LockedPackage], LockedPackage]
) -> tuple[dict[str, LockedPackage], dict[str, LockedPackage], LockedPackage | None]:
    """Packages, dependencies and runtime."""
    return (
        {name: change(each) for name, each in part.packages.items()},
        {name: change(each) for name, each in part.dependencies.items()},
        None if part.runtime is None else change(part.runtime),
    )


def _require_unasked(table: str, package: LockedPackage) -> None:
    """Raises FieldError where a package that nobody asked for has what only the manifest can say of one."""
    for key in ("overrides", "only"):
        if getattr(package, key) is not None:
            raise FieldError(f"{table}.{key}", "is there for packages that are asked for only")
