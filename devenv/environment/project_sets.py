"""Another devenv project as a package set: what it builds, and the packages of its manifest as its own lock pins them.

Its packages are made by the recipes of its own inputs, pinned by its lock too, unless an input follows one of ours:
then ours answers in its place. What its builds and recipes need is looked for among its packages and its lock's
dependencies. What of a project reaches beyond its tree (a directory beside it, patches of packages) is refused.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from devenv.build.script.arguments import variable_of
from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import parse_suite
from devenv.environment.derive import Packages, PackageSets
from devenv.errors import LockError, ResolutionError
from devenv.lock.model import Lock, LockedInput, LockedPackage
from devenv.lock.satisfies import iter_unsatisfied
from devenv.manifest.model import DEFAULT_ENVIRONMENT, Manifest, ProjectBuild
from devenv.packages.package import BuildPlan, BuildRequest, Package
from devenv.packages.project_build import ProjectQuestion
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, System

NO_VERSION = "0"
"""Of a build that has none."""
BUILT_HERE = "it is built from source, which is for Linux only"


@dataclass(frozen=True, slots=True)
class ProjectContent:
    """What is in a project's files."""

    manifest: Manifest
    lock: Lock | None


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a project's lock says of a package; None: it is one of its builds."""

    package: LockedPackage | None
    lock: Lock
    version: str
    lacking: dict[System, str] = field(default_factory=dict)

    @property
    def systems(self) -> tuple[System, ...]:
        """Those that it is there for."""
        return tuple(ARCHITECTURES) if self.package is None else tuple(sorted(self.package.systems))


@dataclass(frozen=True, slots=True)
class ProjectSet:
    """The packages of the project whose tree is called `label`.

    `sets` are its inputs, of which those in `followed` are ours. `plan` asks the recipes how a build is done,
    `add_source` makes an object of a path of its tree.
    """

    label: str
    prefix: str
    content: ProjectContent
    sets: PackageSets
    followed: Collection[str]
    plan: Callable[[ProjectQuestion], BuildPlan]
    add_source: Callable[[str], StorePath]

    def names(self) -> tuple[str, ...]:
        """What can be asked for, sorted."""
        return tuple(sorted({*self.content.manifest.packages, *self.content.manifest.builds}))

    def names_of(self, environment: str) -> tuple[str, ...]:
        """The packages of one of its environments. Raises UsageError (`environment-unknown`)."""
        return tuple(sorted(self.content.manifest.select(environment).packages))

    def has(self, name: str) -> bool:
        """Whether the project has it; what its own packages are built with too."""
        lock = self.content.lock
        return name in self.names() or (lock is not None and name in lock.dependencies)

    def package(self, name: str) -> Package:
        """What is known of a package. Raises ResolutionError (`package-unknown`)."""
        build = self.content.manifest.builds.get(name)
        if build is not None:
            summary = f"built by `{self.label}`"
            return Package(name, summary, "", None, (), (), inputs=build.inputs, tools=build.tools, prefix=self.prefix)
        return replace(self._inner(name).package(name), prefix=self.prefix)

    def build(self, name: str, request: BuildRequest) -> BuildPlan:
        """How the files of `request` become the package."""
        build = self.content.manifest.builds.get(name)
        return self._inner(name).build(name, request) if build is None else self._plan_build(build, request)

    def pinned(self, name: str, environment: str = DEFAULT_ENVIRONMENT) -> Pinned | None:
        """What the project's lock says of a package in an environment; None where one of our inputs is to answer.

        Raises LockError (`lock-missing`, `lock-stale`), ResolutionError (`package-unknown`).
        """
        lock = self._require_lock()
        build = self.content.manifest.builds.get(name)
        if build is not None:
            lacking = {system: BUILT_HERE for system in ALL_SYSTEMS if system not in ARCHITECTURES}
            return Pinned(None, lock, build.version or NO_VERSION, lacking)
        package = self._locked(name, lock.select(environment, self.content.manifest))
        if package.input in self.followed:
            return None
        lacking = {system: package.lacking.get(system, self._not_there()) for system in ALL_SYSTEMS}
        lacking = {system: reason for system, reason in lacking.items() if system not in package.systems}
        return Pinned(package, lock, package.version, lacking)

    def find_release(self, suite: str) -> LockedInput | None:
        """What the project's lock says of a Debian suite."""
        lock = self.content.lock
        known = () if lock is None else lock.inputs.values()
        return next((each for each in known if parse_suite(each.locator) == suite), None)

    def _not_there(self) -> str:
        return f"the lock of `{self.label}` does not have it there"

    def _require_lock(self) -> Lock:
        lock = self.content.lock
        if lock is None:
            raise LockError(
                f"`{self.label}` is a project without a lock: its packages are not pinned",
                hint="have its `devenv.lock` committed there",
                slug="lock-missing",
            )
        reasons = tuple(str(reason) for reason in iter_unsatisfied(lock, self.content.manifest))
        if reasons:
            raise LockError(
                f"the lock of the project `{self.label}` does not answer its manifest",
                hint="run `devenv lock` there, and update the input",
                details=reasons,
                slug="lock-stale",
            )
        return lock

    def _locked(self, name: str, lock: Lock) -> LockedPackage:
        request = self.content.manifest.packages.get(name)
        if request is not None and request.overrides:
            raise ResolutionError(
                f"`{name}` is overridden in the project `{self.label}`: what it is there, only that project makes",
                hint="make it a `[build]` there, or override it in this manifest",
                slug="override-unknown",
            )
        tables = [lock.packages, lock.dependencies, *(lock.environments[each].packages for each in lock.environments)]
        package = next((table[name] for table in tables if name in table), None)
        if package is None:
            known = ", ".join(f"`{each}`" for each in self.names()[:10])
            raise ResolutionError(
                f"the project `{self.label}` has no package `{name[:100]}`",
                hint=f"it has {known}" if known else "look at its `devenv.toml`",
                slug="package-unknown",
            )
        return package

    def _inner(self, name: str) -> Packages:
        return self.sets[self._locked(name, self._require_lock()).input]

    def _plan_build(self, build: ProjectBuild, request: BuildRequest) -> BuildPlan:
        question = ProjectQuestion(
            name=build.name,
            version=build.version,
            system=request.system,
            kind=build.kind,
            has_source=build.source is not None,
            inputs=build.inputs,
            tools=build.tools,
            flags=(*build.flags, *request.flags),
            env=build.env,
            phases=build.phases,
        )
        plan = self.plan(question)
        exports = "".join(f"{line}\n" for name in (*plan.tools, *plan.inputs) for line in self._iter_exports(name))
        source = None if build.source is None else self.add_source(build.source)
        arguments = {**plan.arguments, "script": exports + str(plan.arguments["script"])}
        return replace(plan, arguments=arguments, tree=source)

    def _iter_exports(self, name: str) -> Iterator[str]:
        package = self.package(name)
        return iter_exports(package, variable_of(name))


def iter_exports(package: Package, variable: str) -> Iterator[str]:
    """What an environment with the package sets, for a script that has the object's path in `variable`."""
    for each, path in sorted(package.variables.items()):
        yield f'export {each}="${variable}"/{shlex.quote(path)}'
    for each, paths in sorted(package.search_paths.items()):
        joined = ":".join(f'"${variable}"/{shlex.quote(path)}' for path in paths)
        yield f'export {each}={joined}"${{{each}:+:${each}}}"'
