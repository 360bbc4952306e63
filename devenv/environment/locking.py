"""Answers a manifest: keeps what the lock has, asks the indexes for the rest, records every answer.

The result does not depend on the machine: all systems that the manifest asks for (or, where it names none, all that
each package can be had for) are resolved from any of them.

Programs from wheels run on a runtime (the C and C++ libraries of a Debian suite) that the lock pins once for all of
them. Where no Debian archive is configured, a new lock has none, and they run on the host's libraries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import DEBIAN, parse_suite
from devenv.environment.answers import NOTHING, Answer, Answering, LockingIndex, LockRequest
from devenv.environment.dependencies import (
    Node,
    PlannedPackage,
    base_input,
    derive_all,
    find_dependency,
    find_needs,
)
from devenv.environment.derive import derive_planned, plan_package
from devenv.environment.earlier_answers import previous_of
from devenv.environment.tree_sets import TreeSet
from devenv.errors import ResolutionError
from devenv.lock.environments import find_difference
from devenv.lock.grammar import FieldError
from devenv.lock.model import RUNTIME_NAME, Lock, LockedBuild, LockedEnvironment, LockedInput, LockedPackage
from devenv.lock.satisfies import (
    BUILD_DEPENDENCIES,
    build_systems,
    builds_anything,
    manifest_fingerprint,
    overrides_key,
)
from devenv.manifest.environments import order_environments
from devenv.manifest.model import DEFAULT_ENVIRONMENT, DEFAULT_INPUT, SOURCE_LOCATOR, PackageRequest, input_name
from devenv.manifest.wording import format_names
from devenv.store_path import StorePath
from devenv.system import System

if TYPE_CHECKING:
    from devenv.derivation.model import Derivation
    from devenv.packages.package import BuildPlan


def lock_manifest(request: LockRequest, index: LockingIndex) -> Lock:
    """The lock that answers the manifest.

    Raises FetchError, RecipeError, ResolutionError (`answer-invalid` where an index answers what no lock can hold).
    """
    try:
        return _lock_environments(request, index)
    except FieldError as error:
        raise ResolutionError(
            f"what the index answers cannot be locked: {error}",
            hint="check which index your settings name",
            slug="answer-invalid",
        ) from error


def _lock_environments(request: LockRequest, index: LockingIndex) -> Lock:
    """Lock the default environment, then those that extend it, which take its answers wherever these answer."""
    whole, previous = request.manifest, request.previous
    asked: set[str] = set()
    first = _Locking(replace(request, manifest=whole.select(DEFAULT_ENVIRONMENT)), index, previous, asked)
    default = first.lock()
    locks = {DEFAULT_ENVIRONMENT: first.to_lock(default)}
    differences: dict[str, LockedEnvironment] = {}
    for name in order_environments(whole):
        chosen = whole.select(name)
        bases = [locks[whole.environments[name].extends], locks[DEFAULT_ENVIRONMENT]]
        before = previous_of(request, name, bases, chosen)
        # What is to move has moved in what it extends, and is forgotten of its own.
        locking = _Locking(replace(request, manifest=chosen, previous=before, moving=NOTHING), index, previous, asked)
        locked = locking.lock()
        locks[name] = locking.to_lock(locked)
        difference = find_difference(locks[DEFAULT_ENVIRONMENT], chosen, locked)
        if difference:
            differences[name] = difference
    inputs = first.find_inputs([default, *differences.values()])
    fingerprint = manifest_fingerprint(whole)
    return replace(locks[DEFAULT_ENVIRONMENT], fingerprint=fingerprint, inputs=inputs, environments=differences)


class _Locking:
    """One environment being locked; `asked` is what is shared by all, `known` the lock so far with all of them."""

    def __init__(self, request: LockRequest, index: LockingIndex, known: Lock | None, asked: set[str]) -> None:
        self._request = request
        self._manifest = request.manifest
        self._index = index
        self._known = known
        self._answering = Answering(request, index, asked)
        self._answers: dict[Node, Answer] = {}
        self._planned: dict[tuple[Node, System], PlannedPackage] = {}

    def lock(self) -> LockedEnvironment:
        """All that is locked of it."""
        self._answer_all()
        runtime = self._find_runtime()
        runtimes = {} if runtime is None else self._derive_runtime(runtime)
        keys = self._derive_keys(runtimes)
        tables: dict[bool, dict[str, LockedPackage]] = {True: {}, False: {}}
        for node, answer in self._answers.items():
            tables[node.is_dependency][node.name] = self._to_locked(answer, keys[node])
        locked_runtime = None
        if runtime is not None:
            locked_runtime = self._to_locked(runtime, {system: each.key for system, each in runtimes.items()})
        return LockedEnvironment(tables[False], tables[True], locked_runtime)

    def to_lock(self, locked: LockedEnvironment) -> Lock:
        """The lock of this environment alone."""
        inputs = self.find_inputs([locked])
        return Lock(manifest_fingerprint(self._manifest), inputs, locked.packages, locked.runtime, locked.dependencies)

    def _answer_all(self) -> None:
        """Answer the packages of the manifest, then what they are built with, and so on, as many as can be at once."""
        asked = [*self._manifest.packages.values(), *self._iter_taken()]
        answers = self._answering.answer(asked, self._request.kept_packages)
        wanted = self._add({Node(name): answer for name, answer in answers.items()})
        systems = build_systems(self._manifest)
        if systems and self._builds_anything():
            base = PackageRequest("builds", input=base_input(self._manifest.inputs))
            found = (self._find(name, base, system) for name in BUILD_DEPENDENCIES for system in systems)
            wanted = dict(found) | wanted
        dependencies = self._request.kept_dependencies
        while missing := {node: each for node, each in wanted.items() if node not in self._answers}:
            answers = self._answering.answer(list(missing.values()), dependencies, systems)
            wanted = self._add({node: answers[node.name] for node in missing})

    def _iter_taken(self) -> Iterator[PackageRequest]:
        """What the environment has of other projects and does not name itself."""
        seen = {*self._manifest.packages, *self._manifest.builds}
        for taken in self._manifest.taken:
            packages = self._request.sets[taken.input]
            project = packages.project if isinstance(packages, TreeSet) else None
            if project is None:
                raise ResolutionError(
                    f"the input `{taken.input}` is no project: it has no environment that one could begin with",
                    hint="name a tree that has a `devenv.toml`",
                    slug="input-empty",
                )
            for name in project.names_of(taken.environment):
                if name not in seen and name not in taken.without:
                    seen.add(name)
                    yield PackageRequest(name, input=taken.input)

    def _add(self, answers: Mapping[Node, Answer]) -> dict[Node, PackageRequest]:
        """Plan what was answered; returns what that is built with."""
        self._answers.update(answers)
        wanted: dict[Node, PackageRequest] = {}
        for node, answer in answers.items():
            for system in answer.systems:
                request = self._answering.derive_request(answer, system)
                plan = plan_package(request)
                self._require_overridable(answer.wanted, plan)
                needs = find_needs(answer.wanted, plan, self._manifest.on(system), self._request.sets)
                wanted.update(needs.values())
                nodes = {name: needed for name, (needed, _) in needs.items()}
                self._planned[node, system] = PlannedPackage(request, plan, nodes)
        return wanted

    def _builds_anything(self) -> bool:
        """Whether something is built in a sandbox; of trees' packages only recipes say it."""
        return builds_anything(self._manifest) or any(each.plan.is_script for each in self._planned.values())

    def _find(self, name: str, needed_by: PackageRequest, system: System) -> tuple[Node, PackageRequest]:
        return find_dependency(name, needed_by, self._manifest.on(system), self._request.sets)

    def _require_overridable(self, wanted: PackageRequest, plan: BuildPlan) -> None:
        """Raises ResolutionError where the manifest overrides what is not there to be overridden."""
        if not wanted.overrides:
            return
        if not plan.is_script:
            raise self._prebuilt(wanted)
        names = {*plan.inputs, *plan.tools}
        unknown = sorted(wanted.overrides.inputs.keys() - names)
        if unknown:
            raise ResolutionError(
                f"`{wanted.name}` is not built with `{unknown[0]}`: there is nothing to put in its place",
                hint=f"it is built with {format_names(names)}" if names else "take `inputs` out of its overrides",
                slug="override-unknown",
            )

    def _prebuilt(self, wanted: PackageRequest) -> ResolutionError:
        sets = self._request.sets
        built = [
            name
            for name, locator in self._manifest.inputs.items()
            if locator == SOURCE_LOCATOR and sets[name].has(wanted.name)
        ]
        hint = f'write `input = "{built[0]}"`' if built else "take the overrides out of the manifest"
        return ResolutionError(
            f"`{wanted.name}` is prebuilt in `{self._manifest.inputs[wanted.input]}`: nothing of it can be overridden",
            hint=hint,
            slug="override-prebuilt",
        )

    def _find_runtime(self) -> Answer | None:
        """The runtime for the systems on which one is wanted: the locked one where there is one."""
        wanting = [
            each
            for each, planned in self._planned.items()
            if (planned.plan.runtime or planned.plan.is_script) and each[1] in ARCHITECTURES
        ]
        systems = {system for _, system in wanting}
        if self._builds_anything():
            systems.update(build_systems(self._manifest))
        previous = None if self._request.previous is None else self._request.previous.runtime
        if not systems or (previous is None and not self._index.has_suites()):
            return None
        wanted = PackageRequest(RUNTIME_NAME, input=self._runtime_input({node for node, _ in wanting}))
        # Where no archive is configured, the locked one is the only one.
        moves = self._request.moving.runtime and self._index.has_suites()
        known = {} if previous is None or moves else {RUNTIME_NAME: previous}
        return self._answering.answer([wanted], known, sorted(systems))[RUNTIME_NAME]

    def _runtime_input(self, nodes: Iterable[Node]) -> str:
        """A set with recipes for wheels has one for their runtime. The default input may be any: a manifest says."""
        used = {self._answers[node].wanted.input for node in nodes}
        inputs = {name for name in used if self._request.sets[name].has(RUNTIME_NAME)}
        if not inputs:
            return base_input(self._manifest.inputs)
        return DEFAULT_INPUT if DEFAULT_INPUT in inputs else min(inputs)

    def _derive_runtime(self, runtime: Answer) -> dict[System, Derivation]:
        derivations = {}
        for system in runtime.systems:
            request = self._answering.derive_request(runtime, system)
            derivations[system] = derive_planned(request, plan_package(request), None)
        return derivations

    def _derive_keys(self, runtimes: Mapping[System, Derivation]) -> dict[Node, dict[System, str]]:
        keys: dict[Node, dict[System, str]] = {node: {} for node in self._answers}
        for system in sorted({system for _, system in self._planned}):
            planned = {node: each for (node, its), each in self._planned.items() if its is system}
            for each in planned.values():
                self._require_there(each, planned)
            for node, derivation in derive_all(planned, runtimes.get(system), self._request.files, {}).items():
                keys[node][system] = derivation.key
        return keys

    def _require_there(self, needing: PlannedPackage, planned: Mapping[Node, PlannedPackage]) -> None:
        for node in needing.needs.values():
            if node not in planned:
                system, version = needing.request.system, self._answers[node].version
                raise ResolutionError(
                    f"`{needing.request.name}` is built with `{node.name}`, whose {version} cannot be had for {system}",
                    hint=f"ask for another version of `{node.name}`, or leave `{system}` out of `systems`",
                    slug="system-missing",
                )

    def _to_locked(self, answer: Answer, keys: Mapping[System, str]) -> LockedPackage:
        wanted = answer.wanted
        builds = {
            system: LockedBuild(
                files.artifacts,
                keys[system],
                self._find_output(system, keys[system]),
                None if files.suite is None else input_name(self._manifest.inputs, files.suite),
                files.date,
            )
            for system, files in answer.systems.items()
        }
        return LockedPackage(
            wanted.name,
            wanted.input,
            wanted.version,
            answer.version,
            builds,
            answer.lacking,
            overrides_key(wanted.overrides),
            wanted.systems,
        )

    def _find_output(self, system: System, derivation: str) -> StorePath | None:
        """What the lock so far knows to come out of this derivation: another way to the same key forgets nothing."""
        if self._known is None:
            return None
        outputs = (each.output for each in self._known.iter_builds(system) if each.derivation == derivation)
        return next((output for output in outputs if output is not None), None)

    def find_inputs(self, used: Iterable[LockedEnvironment]) -> dict[str, LockedInput]:
        """The inputs that answered, each with the state that it answered from."""
        inputs: dict[str, LockedInput] = {}
        for name in sorted(self._input_names([package for each in used for package in each.iter_packages()])):
            # A name that the manifest does not have is that of a suite (`input_name`).
            locator = self._manifest.inputs.get(name) or DEBIAN + name.removeprefix("debian-")
            suite = parse_suite(locator)
            packages_of = self._request.sets.get(name)
            if isinstance(packages_of, TreeSet):
                inputs[name] = packages_of.tree.pin
            elif suite is None:
                inputs[name] = LockedInput(name, locator, self._request.sets[name].revision)
            else:
                known = self._find_previous(name, locator) or self._find_of_project(name, suite)
                inputs[name] = known or self._ask_release(name, suite)
        return inputs

    def _input_names(self, packages: Sequence[LockedPackage]) -> set[str]:
        """The inputs that answered; beside a tree, those that it follows and the one whose modules it loads."""
        names = _input_names(packages)
        for name in sorted(names):
            packages_of = self._request.sets.get(name)
            if isinstance(packages_of, TreeSet):
                names |= {base_input(self._manifest.inputs), *packages_of.tree.pin.follows.values()}
        return names

    def _find_previous(self, name: str, locator: str) -> LockedInput | None:
        """What the lock so far says of an index that was not asked this time."""
        if self._request.previous is None or parse_suite(locator) in self._answering.asked:
            return None
        known = (each for each in self._request.previous.inputs.values() if each.locator == locator)
        return next((replace(each, name=name) for each in known), None)

    def _find_of_project(self, name: str, suite: str) -> LockedInput | None:
        """What another project's lock says of an index that only its packages are from."""
        if suite in self._answering.asked:
            return None
        trees = (each for each in self._request.sets.values() if isinstance(each, TreeSet) and each.is_open)
        releases = (each.project.find_release(suite) for each in trees if each.project is not None)
        return next((replace(each, name=name) for each in releases if each is not None), None)

    def _ask_release(self, name: str, suite: str) -> LockedInput:
        release = self._index.release(suite)
        return LockedInput(name, DEBIAN + suite, release.revision, release.dates)


def _input_names(packages: Sequence[LockedPackage]) -> set[str]:
    names = {package.input for package in packages}
    indexes = {build.index for package in packages for build in package.systems.values()}
    return names | {index for index in indexes if index is not None}
