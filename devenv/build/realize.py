"""Realizes derivations: finds what is there, fetches what is missing, builds the rest in order, each key once.

A derivation whose outputs are known needs nothing below it. All artifacts that the rest needs are fetched first, in
parallel, each fixed by its hash; then builders run, as many at once as is asked for, in the order of a topological
sort. A build holds the lock of its derivation's key: of several processes one builds, the others find. The first
failure stops the others at the next piece of a file, unless they are to go on; so does Ctrl-C in any case.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from devenv.build.build_one import Artifacts, Builds, build_once
from devenv.build.plan import Plan, plan_realization
from devenv.build.script.arguments import SCRIPT_BUILDER
from devenv.build.script.run import Debug
from devenv.build.substitution import Substituter, substitute
from devenv.derivation.model import MAIN_OUTPUT, Derivation, Input
from devenv.errors import BuildError, DevenvError
from devenv.events import Report
from devenv.sandbox.model import Limits
from devenv.store.store import Store
from devenv.store_path import StorePath
from devenv.workers import Crew, pause

RETRIES = 2
"""How often a build is tried again whose failure is said to pass by itself."""
RETRY_SECONDS = 1.0

WAITING_THREADS = 8
"""For each job."""


class FetchArtifacts(Protocol):
    """Brings artifacts here: from SHA-256 digests to verified files. Raises FetchError."""

    def __call__(self, digests: Sequence[str], /) -> Artifacts:
        """The files by digest."""
        ...


def no_bubblewrap() -> None:
    """Finds no bubblewrap."""


def require_bubblewrap(options: BuildOptions) -> Path:
    """The program that sandboxes are made with. Raises BuildError (`sandbox-unavailable`)."""
    found = options.find_bubblewrap()
    if found is None:
        raise BuildError(
            "nothing is built without a sandbox, and there is no `bwrap` to make one",
            hint="install bubblewrap",
            slug="sandbox-unavailable",
        )
    return found


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How builds are run.

    `find_bubblewrap` is asked once, and only where something is built in the sandbox. `debug` is shown a failed build.
    """

    jobs: int = 0
    """Builds at once; 0: as many as there are processors."""
    keep_going: bool = False
    """Whether what does not depend on a failed build is built all the same."""
    limits: Limits = field(default_factory=Limits)
    find_bubblewrap: Callable[[], Path | None] = no_bubblewrap
    debug: Debug | None = None
    substituters: tuple[Substituter, ...] = ()
    """Asked, in this order, before anything is built."""

    @property
    def slots(self) -> threading.Semaphore:
        """For as many builds as there may be at once."""
        return threading.Semaphore(self.jobs or os.cpu_count() or 1)

    @property
    def threads(self) -> int:
        """More than jobs, because those whose script has ended wait for the disk, all of them together."""
        return 1 if self.debug is not None else (self.jobs or os.cpu_count() or 1) * WAITING_THREADS


@dataclass(frozen=True, slots=True)
class Realization:
    """What derivations came out as, and those that failed: what needs them is in neither."""

    outputs: Mapping[Input, StorePath]
    failures: Mapping[Derivation, BuildError]

    @property
    def objects(self) -> dict[Derivation, StorePath]:
        """The main object of each derivation that was looked at."""
        return {each.derivation: path for each, path in self.outputs.items() if each.output == MAIN_OUTPUT}


def realize(
    store: Store,
    targets: Sequence[Derivation],
    fetch: FetchArtifacts,
    report: Report,
    options: BuildOptions | None = None,
) -> dict[Derivation, StorePath]:
    """Realize the targets and what they need; returns the main object of every derivation that was looked at.

    Raises FetchError and BuildError (`builds-failed` for several); what was completed before stays in the store and is
    found the next time.
    """
    realization = try_realize(store, targets, fetch, report, options)
    if realization.failures:
        raise _joined(realization.failures)
    return realization.objects


def try_realize(
    store: Store,
    targets: Sequence[Derivation],
    fetch: FetchArtifacts,
    report: Report,
    options: BuildOptions | None = None,
) -> Realization:
    """The same, but that builds which fail are told, where the options say to keep going."""
    options = options or BuildOptions()
    substitute(store, targets, options.substituters, report)
    plan = plan_realization(store, targets)
    realized = dict(plan.known)
    failures: dict[Derivation, BuildError] = {}
    if plan.builds:
        scripts = any(each.builder == SCRIPT_BUILDER for each in plan.builds)
        bubblewrap = require_bubblewrap(options) if scripts else None
        builds = Builds(
            store, fetch(plan.artifacts), report, realized, options.limits, bubblewrap, options.debug, options.slots
        )
        failures = _build_all(builds, plan, options)
    return Realization(realized, failures)


Outputs = Mapping[str, StorePath]


def _build_all(builds: Builds, plan: Plan, options: BuildOptions) -> dict[Derivation, BuildError]:
    """Build what is planned; returns the failures, where it goes on after one."""
    sorter = plan.sorter()
    sorter.prepare()
    failures: dict[Derivation, BuildError] = {}

    def build(derivation: Derivation) -> Outputs | BuildError:
        try:
            return _build_with_retries(builds, derivation)
        except BuildError as error:
            if not options.keep_going:
                raise
            return error

    with Crew[Derivation, Outputs | BuildError](build, options.threads) as crew:
        waiting = 0
        while sorter.is_active():
            for derivation in sorter.get_ready():
                crew.submit(derivation)
                waiting += 1
            if not waiting:
                # What is left depends on what failed.
                break
            outcome = crew.take()
            waiting -= 1
            result = outcome.require()
            if isinstance(result, BuildError):
                failures[outcome.task] = result
                continue
            builds.realized.update((Input(outcome.task, output), path) for output, path in result.items())
            sorter.done(outcome.task)
    return failures


def _build_with_retries(builds: Builds, derivation: Derivation) -> Outputs:
    for _ in range(RETRIES):
        try:
            return build_once(builds, derivation)
        except DevenvError as error:
            if not error.transient:
                raise
        pause(RETRY_SECONDS)
    return build_once(builds, derivation)


def _hint_lines(error: BuildError) -> list[str]:
    return [] if error.hint is None else [f"hint: {error.hint}"]


def _joined(failures: Mapping[Derivation, BuildError]) -> BuildError:
    """One error for all that failed, each with what it said itself."""
    if len(failures) == 1:
        return next(iter(failures.values()))
    lines = [line for error in failures.values() for line in (error.message, *error.details, *_hint_lines(error))]
    return BuildError(
        f"{len(failures)} builds failed; what needs them was not begun",
        hint="`devenv log NAME` shows the log of one of them",
        details=tuple(lines),
        slug="builds-failed",
    )
