"""Answers a manifest: keeps what the lock has, asks the indexes for the rest, records every answer.

The result does not depend on the machine: all systems that the manifest asks for (or, where it names none, all that
each package can be had for) are resolved from any of them.

Programs from wheels run on a runtime (the C and C++ libraries of a Debian suite) that the lock pins once for all of
them. Where no Debian archive is configured, a new lock has none, and they run on the host's libraries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from devenv.debian.architectures import ARCHITECTURES
from devenv.debian.suites import DEBIAN, parse_suite
from devenv.environment.answers import Answer, Answering, LockingIndex, LockRequest
from devenv.environment.derive import derive_planned, plan_package
from devenv.errors import ResolutionError
from devenv.lock.grammar import FieldError
from devenv.lock.model import RUNTIME_NAME, Lock, LockedBuild, LockedInput, LockedPackage
from devenv.lock.satisfies import manifest_fingerprint
from devenv.manifest.model import DEFAULT_INPUT, PackageRequest, input_name
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
        return _Locking(request, index).lock()
    except FieldError as error:
        raise ResolutionError(
            f"what the index answers cannot be locked: {error}",
            hint="check which index your settings name",
            slug="answer-invalid",
        ) from error


class _Locking:
    """One manifest being locked."""

    def __init__(self, request: LockRequest, index: LockingIndex) -> None:
        self._request = request
        self._manifest = request.manifest
        self._index = index
        self._answering = Answering(request, index)

    def lock(self) -> Lock:
        answers = self._answering.answer(list(self._manifest.packages.values()), self._previous_packages())
        plans = self._plan(answers)
        runtime = self._find_runtime(answers, plans)
        derivations = {} if runtime is None else self._derive_runtime(runtime)
        packages = {
            name: self._to_locked(answer, self._keys(answer, plans, derivations)) for name, answer in answers.items()
        }
        locked_runtime = None
        if runtime is not None:
            keys = {system: derivation.key for system, derivation in derivations.items()}
            locked_runtime = self._to_locked(runtime, keys)
        used = [*packages.values(), *([] if locked_runtime is None else [locked_runtime])]
        return Lock(manifest_fingerprint(self._manifest), self._inputs(used), packages, locked_runtime)

    def _previous_packages(self) -> dict[str, LockedPackage]:
        previous = self._request.previous
        return {} if previous is None else dict(previous.packages)

    def _plan(self, answers: Mapping[str, Answer]) -> dict[tuple[str, System], BuildPlan]:
        return {
            (name, system): plan_package(self._answering.derive_request(answer, system))
            for name, answer in answers.items()
            for system in answer.systems
        }

    def _find_runtime(
        self, answers: Mapping[str, Answer], plans: Mapping[tuple[str, System], BuildPlan]
    ) -> Answer | None:
        """The runtime for the systems on which one is wanted: the locked one where there is one."""
        wanting = [each for each, plan in plans.items() if plan.runtime and each[1] in ARCHITECTURES]
        systems = sorted({system for _, system in wanting})
        previous = None if self._request.previous is None else self._request.previous.runtime
        if not systems or (previous is None and not self._index.has_suites()):
            return None
        # A set with recipes for wheels has one for their runtime. The default input may be anything: a manifest says.
        inputs = {answers[name].wanted.input for name, _ in wanting}
        wanted = PackageRequest(RUNTIME_NAME, input=DEFAULT_INPUT if DEFAULT_INPUT in inputs else min(inputs))
        return self._answering.answer([wanted], {} if previous is None else {RUNTIME_NAME: previous}, systems)[
            RUNTIME_NAME
        ]

    def _derive_runtime(self, runtime: Answer) -> dict[System, Derivation]:
        derivations = {}
        for system in runtime.systems:
            request = self._answering.derive_request(runtime, system)
            derivations[system] = derive_planned(request, plan_package(request), None)
        return derivations

    def _keys(
        self,
        answer: Answer,
        plans: Mapping[tuple[str, System], BuildPlan],
        runtimes: Mapping[System, Derivation],
    ) -> dict[System, str]:
        keys = {}
        for system in answer.systems:
            plan = plans[answer.wanted.name, system]
            keys[system] = derive_planned(
                self._answering.derive_request(answer, system), plan, runtimes.get(system)
            ).key
        return keys

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
        return LockedPackage(wanted.name, wanted.input, wanted.version, answer.version, builds, answer.lacking)

    def _find_output(self, system: System, derivation: str) -> StorePath | None:
        """What the lock so far knows to come out of this derivation: another way to the same key forgets nothing."""
        previous = self._request.previous
        if previous is None:
            return None
        return next((each.output for each in previous.iter_builds(system) if each.derivation == derivation), None)

    def _inputs(self, packages: Sequence[LockedPackage]) -> dict[str, LockedInput]:
        """The inputs that answered, each with the state that it answered from."""
        inputs: dict[str, LockedInput] = {}
        for name in sorted(_input_names(packages)):
            # A name that the manifest does not have is that of a suite (`input_name`).
            locator = self._manifest.inputs.get(name) or DEBIAN + name.removeprefix("debian-")
            suite = parse_suite(locator)
            if suite is None:
                inputs[name] = LockedInput(name, locator, self._request.sets[name].revision)
            else:
                inputs[name] = self._find_previous(name, locator) or self._ask_release(name, suite)
        return inputs

    def _find_previous(self, name: str, locator: str) -> LockedInput | None:
        """What the lock so far says of an index that was not asked this time."""
        if self._request.previous is None or parse_suite(locator) in self._answering.asked:
            return None
        known = (each for each in self._request.previous.inputs.values() if each.locator == locator)
        return next((replace(each, name=name) for each in known), None)

    def _ask_release(self, name: str, suite: str) -> LockedInput:
        release = self._index.release(suite)
        return LockedInput(name, DEBIAN + suite, release.revision, release.dates)


def _input_names(packages: Sequence[LockedPackage]) -> set[str]:
    names = {package.input for package in packages}
    indexes = {build.index for package in packages for build in package.systems.values()}
    return names | {index for index in indexes if index is not None}
