"""Changes a project's manifest and lock: `add`, `remove`, `lock`.

The new manifest is parsed, locked and (by `add` and `remove`) realized before anything is written, so that a request
that cannot be met changes nothing. A project that was allowed stays allowed: its user asked for the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devenv.activation.trust import Trust
from devenv.debian.suites import DEBIAN
from devenv.environment.answers import NOTHING, LockRequest, Moving
from devenv.environment.project import Project, read_project, require_project_path, write_project
from devenv.environment.realize import RealizedEnvironment
from devenv.errors import BuildError, UsageError
from devenv.events import Notice, Step
from devenv.generations.generations import project_locked
from devenv.lock.format import format_lock
from devenv.lock.model import RUNTIME_NAME, Lock, LockedPackage
from devenv.manifest.edit import remove_package, require_source_input, set_index, set_package, set_suite
from devenv.manifest.model import DEFAULT_ENVIRONMENT, PYPI_LOCATOR, SOURCE_LOCATOR, Manifest, usual_suite
from devenv.manifest.parse import parse_manifest
from devenv.packages.package_set import SOURCE_PREFIX
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, System
from devenv.workflow.advice import iter_advice
from devenv.workflow.allowed import record_allowed, trust_in
from devenv.workflow.dated import lock_at
from devenv.workflow.enter import activate, add_generation, equip, realize_project
from devenv.workflow.project_files import add_overriding_files
from devenv.workflow.relocking import relocking
from devenv.workflow.results import EditResult, LockResult, PackageVersion
from devenv.workflow.tools import Tools
from devenv.workflow.wanted import NAMED_INPUT, WantedPackage, parse_wanted, require_single


def add_packages(
    tools: Tools, start: Path, wanted: Sequence[WantedPackage], environment: str = DEFAULT_ENVIRONMENT
) -> EditResult:
    """Add packages to an environment of the manifest or change their versions; lock, realize it, write, switch.

    A version that is asked for gets the newest release that answers; without one, what the lock has stays.

    Raises UsageError, EvaluationError, ActivationError, FetchError, BuildError; then nothing was written.
    """
    require_single(wanted)

    def edit(text: str) -> str:
        for each in wanted:
            source = None
            if each.input == SOURCE_LOCATOR:
                source = require_source_input(text)
            elif each.input == PYPI_LOCATOR:
                text, source = set_index(text)
            elif each.input is not None and each.input.startswith(NAMED_INPUT):
                source = each.input.removeprefix(NAMED_INPUT)
            elif each.input is not None:
                text, source = set_suite(text, each.input.removeprefix(DEBIAN) or None)
            text = set_package(text, each.name, each.version, source, environment)
        return text

    names = tuple(each.name for each in wanted)
    asked = frozenset(each.name for each in wanted if each.version is not None)
    try:
        return _edit_packages(tools, start, _Edit(edit, added=names, asked_anew=asked, environment=environment))
    except BuildError as error:
        if error.slug == "member-missing" and any(each.input == PYPI_LOCATOR for each in wanted):
            error.hint = (
                f"a package of `{PYPI_LOCATOR}` is a program that its wheel brings; for what is in Python there "
                "is the virtual environment: `venv = true` under `[python]`"
            )
        raise


def remove_packages(
    tools: Tools, start: Path, names: Sequence[str], environment: str = DEFAULT_ENVIRONMENT
) -> EditResult:
    """Take packages out of an environment of the manifest; lock, realize, write, switch. Raises as `add_packages` does.

    A set before a name must be the one that the package is from.
    """
    sets = (DEBIAN, SOURCE_PREFIX, PYPI_LOCATOR)
    unwanted = [parse_wanted(name) if name.startswith(sets) else WantedPackage(name, None) for name in names]

    def edit(text: str) -> str:
        for each in unwanted:
            _require_set(text, each, environment)
            text = remove_package(text, each.name, environment)
        return text

    return _edit_packages(
        tools, start, _Edit(edit, removed=tuple(each.name for each in unwanted), environment=environment)
    )


def _require_set(text: str, unwanted: WantedPackage, environment: str) -> None:
    """Raise UsageError (`package-absent`) where the manifest has a package of that name from another set."""
    if unwanted.input is None:
        return
    manifest = parse_manifest(text.encode()).select(environment)
    request = manifest.packages.get(unwanted.name)
    if request is None:
        return
    locator = manifest.inputs[request.input]
    if locator != unwanted.input and not (unwanted.input == DEBIAN and locator.startswith(DEBIAN)):
        raise UsageError(
            f"the manifest has `{unwanted.name}` from `{locator}`, not from `{unwanted.input}`",
            hint=f"`devenv remove {unwanted.name}`, if it is the one that you mean",
            slug="package-absent",
        )


def lock_project(tools: Tools, start: Path) -> LockResult:
    """Make the lock answer the manifest. What it answers already stays as it is.

    Raises EvaluationError, FetchError.
    """
    with relocking(tools, start) as relocked:
        project = relocked.project
        tools.report(Step(f"locking {project.path}"))
        lock = make_lock(tools, project)
        written = relocked.write(lock)
    changed = written.lock_bytes != project.lock_bytes
    return LockResult(project.path, changed, package_versions(lock), lock.systems, find_lacking(lock))


@dataclass(frozen=True, slots=True)
class _Edit:
    apply: Callable[[str], str]
    """From the manifest's text to its new text."""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    asked_anew: frozenset[str] = frozenset()
    """Packages whose answers in the lock do not count any more."""
    environment: str = DEFAULT_ENVIRONMENT
    """The one that is edited, and realized."""


def _edit_packages(tools: Tools, start: Path, edit: _Edit) -> EditResult:
    path = require_project_path(start)
    with project_locked(tools.settings, path):
        before = read_project(path)
        tools.usual_suite = usual_suite(before.manifest.inputs)
        was_allowed = trust_in(tools, before) is Trust.ALLOWED
        text = edit.apply(_require_text(before))
        tools.report(Step(f"locking {path}"))
        after = replace(before, manifest_bytes=text.encode(), files=None)
        after = replace(after, lock_bytes=format_lock(make_lock(tools, after, moving=Moving(edit.asked_anew))))
        chosen = after.select(edit.environment)
        environment = realize_project(tools, chosen, tools.settings.host_libraries)
        known_outputs = _find_outputs(chosen.require_lock(), tools.system, environment)
        written = write_project(
            before, replace(after, lock_bytes=format_lock(_with_outputs(after.require_lock(), known_outputs)))
        )
        if was_allowed:
            record_allowed(tools.settings, written)
            entered = add_generation(tools, written.select(edit.environment), environment.path)
            (activate if entered.project.selected is None else equip)(tools, entered)
    for sentence in iter_advice(tools, chosen.manifest, environment, edit.added):
        tools.report(Notice(sentence))
    lock, earlier = chosen.require_lock(), None if before.lock is None else before.lock
    added = tuple(each for each in package_versions(lock) if each.name in edit.added)
    lacking = find_lacking(lock)
    known = {} if earlier is None else find_lacking(earlier)
    return EditResult(
        path,
        added,
        edit.removed,
        environment.path,
        was_allowed,
        lock.systems,
        lacking,
        tuple(system for system in lacking if system not in known),
    )


def _require_text(project: Project) -> str:
    """The manifest's text. Raises ManifestError where it is not valid: what is wrong is not edited."""
    parse_manifest(project.manifest_bytes, str(project.manifest_path))
    return project.manifest_bytes.decode()


def make_lock(tools: Tools, project: Project, manifest: Manifest | None = None, moving: Moving = NOTHING) -> Lock:
    """The lock for `manifest` (None: the project's own); of the project's what moves is answered anew."""
    manifest = manifest or project.manifest
    remember_releases(tools, project)
    files = add_overriding_files(tools, project.path, manifest)
    sets = tools.package_sets(manifest, project.path, project.lock, moving=moving.inputs)
    request = LockRequest(manifest, project.lock, sets, files, moving)
    return lock_at(request, tools)


def remember_releases(tools: Tools, project: Project) -> None:
    """Let no suite be taken in an older state than the lock's (FAULTS G-19); before the first question."""
    if project.lock is not None:
        tools.oldest = {name: date for each in project.lock.inputs.values() for name, date in each.releases.items()}


def _find_outputs(lock: Lock, system: System, environment: RealizedEnvironment) -> dict[str, StorePath]:
    """What the derivations of packages and their dependencies turned out to be on this system, by their keys."""
    tables = [(lock.packages, environment.packages), (lock.dependencies, environment.dependencies)]
    if lock.runtime is not None and environment.runtime is not None:
        tables.append(({RUNTIME_NAME: lock.runtime}, {RUNTIME_NAME: environment.runtime}))
    return {
        table[name].systems[system].derivation: output
        for table, outputs in tables
        for name, output in outputs.items()
        if name in table
    }


def _with_outputs(lock: Lock, outputs: Mapping[str, StorePath]) -> Lock:
    """The lock with what is known to come out of derivations, wherever it has them."""

    def complete(package: LockedPackage) -> LockedPackage:
        systems = {
            system: replace(build, output=outputs.get(build.derivation, build.output))
            for system, build in package.systems.items()
        }
        return replace(package, systems=systems)

    return lock.map_packages(complete)


def package_versions(lock: Lock) -> tuple[PackageVersion, ...]:
    """The packages of a lock, in the order of their names."""
    return tuple(
        PackageVersion(name, package.request, package.version) for name, package in sorted(lock.packages.items())
    )


def find_lacking(lock: Lock) -> dict[System, str]:
    """The systems that the lock does not cover because a package cannot be had for them, with the first reason."""
    lacking: dict[System, str] = {}
    for name, package in sorted(lock.packages.items()):
        for system in ALL_SYSTEMS:
            if system in package.lacking:
                lacking.setdefault(system, f"`{name}` {package.version}: {package.lacking[system]}")
    return lacking
