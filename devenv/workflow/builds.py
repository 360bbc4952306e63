"""Builds what a project asks for: its own builds and packages from source, and its checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from devenv.build.plan import find_outputs
from devenv.build.realize import BuildOptions
from devenv.build.script.run import Debug
from devenv.derivation.model import Derivation
from devenv.environment.builds import ProjectDerivations
from devenv.environment.lock_derivations import LockDerivations
from devenv.environment.lock_realizer import LockRealizer
from devenv.environment.project import Project
from devenv.errors import BuildError, UsageError
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.store_path import StorePath
from devenv.workflow.allowed import require_allowed
from devenv.workflow.build_links import LinkChoice, link_builds
from devenv.workflow.build_memo import BuildMemo, KnownBuild, memo_stamp, write_memo
from devenv.workflow.build_results import BuildResult, Built, CheckOutcome, CheckResult
from devenv.workflow.enter import open_project, require_satisfied
from devenv.workflow.project_files import ProjectFiles, add_overriding_files
from devenv.workflow.tools import Tools


@dataclass(frozen=True, slots=True)
class BuildChoice:
    """What is to be built, and how. Without `names`: all builds of the project."""

    names: tuple[str, ...] = ()
    jobs: int | None = None
    keep_going: bool = False
    rebuild: bool = False
    """Whether it is built a second time and compared."""
    links: LinkChoice = field(default_factory=LinkChoice)
    debug: Debug | None = None
    """Is shown a build that failed."""
    environment: str = DEFAULT_ENVIRONMENT
    """Whose packages it is built with."""


@dataclass(frozen=True, slots=True)
class ProjectBuilding:
    """A project that is allowed and locked, and what it takes to build in it."""

    tools: Tools
    project: Project
    choice: BuildChoice

    def derivations(self) -> ProjectDerivations:
        """Of the project's builds and packages."""
        tools, project = self.tools, self.project
        locked = LockDerivations(
            tools.package_sets(project.manifest, project.path, project.require_lock(), realizing=True),
            project.manifest.on(tools.system),
            project.require_lock().on(tools.system),
            tools.system,
            add_overriding_files(tools, project.path, project.manifest),
        )
        return ProjectDerivations(locked, ProjectFiles(tools, project.path).add, tools.source_set.plan_project)

    @property
    def options(self) -> BuildOptions:
        """How builds are run."""
        choice, options = self.choice, self.tools.build_options
        # A shell in a failed build has the terminal for itself.
        jobs = 1 if choice.debug is not None else choice.jobs or options.jobs
        return replace(options, jobs=jobs, keep_going=choice.keep_going, debug=choice.debug)


def open_building(tools: Tools, start: Path, choice: BuildChoice) -> ProjectBuilding:
    """Raises UsageError, TrustError, LockError."""
    project = open_project(tools, start, choice.environment)
    require_allowed(tools, project)
    require_satisfied(project)
    return ProjectBuilding(tools, project, choice)


def build_project(tools: Tools, start: Path, choice: BuildChoice) -> BuildResult:
    """Build what is asked for. Raises BuildError, FetchError; UsageError (`builds-missing`, `target-unknown`)."""
    building = open_building(tools, start, choice)
    manifest = building.project.manifest.on(tools.system)
    names = tuple(dict.fromkeys(choice.names)) or tuple(manifest.builds)
    if not names:
        raise UsageError(
            f"`{building.project.manifest_path}` has nothing to build",
            hint="add `[build.NAME]` to it, or name a package that is built from source",
            slug="builds-missing",
        )
    derivations = building.derivations()
    targets = {name: derivations.target(name) for name in names}
    known = {name for name, target in targets.items() if find_outputs(tools.store, target, target.key)}
    wanted = list(targets.values())
    with tools.fetching(building.project.path) as fetch:
        realizer = LockRealizer(derivations.locked, tools.store, fetch, tools.report, building.options)
        realized = realizer.realize(wanted)
        rebuilt = realizer.build_again(wanted) if choice.rebuild else ()
    objects = {name: realized[target] for name, target in targets.items()}
    _remember(building, derivations, targets, objects)
    links = link_builds(tools, building.project.path, objects, choice.links)
    built = tuple(
        Built(name, objects[name], target.key, name not in known, links.get(name)) for name, target in targets.items()
    )
    return BuildResult(building.project.path, built, rebuilt)


def _remember(
    building: ProjectBuilding,
    derivations: ProjectDerivations,
    targets: Mapping[str, Derivation],
    objects: Mapping[str, StorePath],
) -> None:
    builds = {name: KnownBuild(target.key, objects[name]) for name, target in targets.items()}
    names = tuple(building.project.manifest.on(building.tools.system).builds)
    stamp = memo_stamp(building.tools, building.project)
    # What packages are patched with is read like the rest of the project.
    sources = {**derivations.locked.files, **derivations.source_objects}
    write_memo(building.tools, building.project, BuildMemo(stamp, names, sources, builds))


def check_project(tools: Tools, start: Path, choice: BuildChoice) -> CheckResult:
    """Run the project's checks, or those that are named, each in a sandbox of its own; all of them are run.

    Raises what `build_project` does, but for checks that fail.
    """
    building = open_building(tools, start, choice)
    if not choice.names and not building.project.manifest.checks:
        raise UsageError(
            f"`{building.project.manifest_path}` has no checks",
            hint='add them under `[checks]`, such as `test = "pytest -q"`',
            slug="checks-missing",
        )
    return run_checks(building, building.derivations())


def run_checks(building: ProjectBuilding, derivations: ProjectDerivations) -> CheckResult:
    """Run the checks of a project that is opened, with its derivations. Raises as `check_project` does."""
    tools, choice, checks = building.tools, building.choice, building.project.manifest.checks
    for name in choice.names:
        if name not in checks:
            raise UsageError(
                f"`{building.project.manifest_path}` has no check `{name[:100]}`",
                hint=f"there are {', '.join(checks)}" if checks else "add it under `[checks]`",
                slug="target-unknown",
            )
    targets = {name: derivations.check(checks[name]) for name in choice.names or checks}
    known = {name for name, target in targets.items() if find_outputs(tools.store, target, target.key)}
    with tools.fetching(building.project.path) as fetch:
        options = replace(building.options, keep_going=True)
        realizer = LockRealizer(derivations.locked, tools.store, fetch, tools.report, options)
        failures = realizer.try_realize(list(targets.values())).failures
    for derivation, failure in failures.items():
        # What the checks are run with could not be made.
        if derivation not in targets.values():
            raise failure
    return CheckResult(
        building.project.path,
        tuple(_outcome(name, target, name not in known, failures.get(target)) for name, target in targets.items()),
    )


def _outcome(name: str, target: Derivation, fresh: bool, failure: BuildError | None) -> CheckOutcome:
    if failure is None:
        return CheckOutcome(name, passed=True, fresh=fresh, derivation=target.key)
    # Nobody asked for something to be built.
    reason = failure.message.removeprefix(f"`{target.name}` could not be built: ")
    return CheckOutcome(
        name, passed=False, fresh=True, reason=reason, last_lines=failure.details, derivation=target.key
    )
