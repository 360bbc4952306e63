"""One run on a build machine: `devenv ci`.

Whoever calls it asks for this run of this content, so no earlier `allow` is needed, and none comes of it: nothing but
the run's own builds and checks is run, and those in the sandbox. No shell enters the environment, no hook runs, and
nothing is written into the project. What was denied stays denied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from devenv.build.records import RECORD_LIMIT
from devenv.derivation.model import MAIN_OUTPUT
from devenv.environment.project import Project
from devenv.errors import CheckError, DevenvError
from devenv.events import LogLine, Notice, section
from devenv.fsutil import read_regular
from devenv.manifest.model import DEFAULT_ENVIRONMENT
from devenv.store_path import StorePath
from devenv.system import System
from devenv.workflow.build_memo import memo_stamp
from devenv.workflow.build_results import CheckOutcome
from devenv.workflow.ci.key import archive_key
from devenv.workflow.ci.memo import CiMemo, read_memo, write_memo
from devenv.workflow.ci.results import FAILED, PASSED, SKIPPED, CiResult, CiVerification, Stage, describe_failure
from devenv.workflow.ci.verify import Effort, VerifyRequest, require_sound, verify_environment
from devenv.workflow.enter import enter_realized, find_entered, open_project, require_satisfied
from devenv.workflow.tools import Tools

TITLES = {
    "lock": "Does the lock answer the manifest?",
    "import": "Taking the archive of the closure",
    "environment": "Realizing the environment",
    "verify": "Comparing every object with its name",
    "checks": "Running the checks",
    "export": "Writing the archive of the closure",
}
"""The stages in their order, with what the log calls them."""
LOG_LINES = 2000
"""Of a check's log that are shown: its last ones."""


@dataclass(frozen=True, slots=True)
class CiRequest:
    """What is asked for. `explain` makes errors of what no layer expected."""

    explain: Callable[[Exception], DevenvError]
    archive: Path | None = None
    effort: Effort = Effort.DIRECTORIES
    """How closely what was read before is looked at."""
    checks: bool = True
    jobs: int | None = None
    environment: str = DEFAULT_ENVIRONMENT
    """Which is reproduced, and whose checks are run."""


def run_ci(tools: Tools, start: Path, request: CiRequest) -> CiResult:
    """Do all of it for the project that `start` lies in. What fails is part of the result.

    Raises UsageError where there is no project, TrustError where it was denied.
    """
    project = open_project(tools, start, request.environment)
    _refuse_denied(tools, project)
    run = _Run(tools, project, request)
    try:
        run.go()
    except Exception as error:  # noqa: BLE001 - every failure is told in the summary; the caller ends with its code
        run.error = error if isinstance(error, DevenvError) else request.explain(error)
    return run.result()


def _refuse_denied(tools: Tools, project: Project) -> None:
    from devenv.activation.trust import Trust
    from devenv.workflow.allowed import require_allowed, trust_in

    if trust_in(tools, project) is Trust.DENIED:
        require_allowed(tools, project)


@dataclass
class _Run:
    """A run under way."""

    tools: Tools
    project: Project
    request: CiRequest
    error: DevenvError | None = None
    environment: StorePath | None = None
    verification: CiVerification | None = None
    checks: tuple[CheckOutcome, ...] = ()
    lacks_archive: bool = False
    """Whether the archive that is asked for is not there, or of no use."""
    stages: dict[str, Stage] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    started: int = field(default_factory=lambda: int(time.time()))

    def go(self) -> None:
        """Every stage in turn. Raises what the first one raises that fails."""
        tools, project, archive = self.tools, self.project, self.request.archive
        memo = read_memo(tools, project)
        stamp = memo_stamp(tools, project)
        if memo.stamp != stamp:
            memo = CiMemo(memo.objects)
        with self._stage("lock"):
            if not memo.stamp:
                # All of it, whichever environment is asked for: a lock is one.
                require_satisfied(project.whole)
                memo = replace(memo, stamp=stamp, outputs=_locked_outputs(project, tools.system))
        environment = self._realize()
        with self._stage("verify") as say:
            request = VerifyRequest(environment, memo.outputs, self.started, memo.objects, self.request.effort)
            verified = verify_environment(tools, request)
            self.verification = verified.verification
            say(f"{self.verification.objects} objects, {self.verification.read} of them read")
            require_sound(self.verification)
        memo = replace(memo, objects=verified.prints)
        if self.request.checks:
            memo = self._check(memo)
        if memo != read_memo(tools, project):
            write_memo(tools, project, memo)
        if archive is not None and self.lacks_archive:
            from devenv.workflow.ci.archive import leave_archive

            objects = [environment, *(output for _, output in memo.outputs)]
            with self._stage("export") as say:
                say(f"{leave_archive(tools, project, objects, archive)} objects")

    def _realize(self) -> StorePath:
        """The environment's object, out of the archive where that has it."""
        tools, project, archive = self.tools, self.project, self.request.archive
        entered = find_entered(tools, project)
        self.lacks_archive = archive is not None and not archive.exists()
        if archive is not None and entered is None and not self.lacks_archive:
            from devenv.workflow.ci.archive import take_archive

            with self._stage("import") as say:
                taken = take_archive(tools, archive)
                self.lacks_archive = taken is None
                say("it is of no use" if taken is None else f"{taken} objects")
        with self._stage("environment") as say:
            entered = entered or enter_realized(tools, project)
            self.environment = entered.generation.environment
            say(str(self.environment))
        return entered.generation.environment

    def _check(self, memo: CiMemo) -> CiMemo:
        """Run the checks, if there are some; returns what is to be remembered of them."""
        if memo.checks is None and not self.project.manifest.checks:
            return replace(memo, checks={})
        if memo.checks == {}:
            return memo
        with self._stage("checks") as say:
            if memo.checks is not None and self._passed_before(memo):
                self.checks = tuple(
                    CheckOutcome(name, passed=True, fresh=False, derivation=key) for name, key in memo.checks.items()
                )
            else:
                memo = self._run_checks(memo)
            failed = [each.name for each in self.checks if not each.passed]
            say(f"{len(self.checks) - len(failed)} of {len(self.checks)} passed")
            if failed:
                raise CheckError(
                    f"{len(failed)} of {len(self.checks)} checks failed: {', '.join(failed)}",
                    hint=f"`devenv check {failed[0]}` runs it here, `devenv log {failed[0]}` shows what it wrote",
                )
        return memo

    def _passed_before(self, memo: CiMemo) -> bool:
        from devenv.workflow.project_files import ProjectFiles

        files = ProjectFiles(self.tools, self.project.path)
        return all(files.find(path) == known for path, known in memo.sources.items()) and all(
            self.tools.store.find_realisation(key, MAIN_OUTPUT) for key in (memo.checks or {}).values()
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[Callable[[str], None]]:
        """Runs a stage, whose section the log has; yields what takes a text about it."""
        began, status, texts = time.monotonic(), FAILED, [""]
        try:
            with section(self.tools.report, name, TITLES[name]):
                yield texts.append
            status = PASSED
        finally:
            self.stages[name] = Stage(name, status, time.monotonic() - began, texts[-1])

    def _run_checks(self, memo: CiMemo) -> CiMemo:
        from devenv.workflow.builds import BuildChoice, ProjectBuilding, run_checks

        building = ProjectBuilding(
            self.tools, self.project, BuildChoice(jobs=self.request.jobs, environment=self.request.environment)
        )
        derivations = building.derivations()
        self.checks = run_checks(building, derivations).checks
        sources = {**derivations.locked.files, **derivations.source_objects}
        return replace(memo, checks={each.name: each.derivation for each in self.checks}, sources=sources)

    def result(self) -> CiResult:
        """What came of it."""
        stages = tuple(self.stages.get(name) or Stage(name, SKIPPED) for name in TITLES)
        return CiResult(
            project=self.project.path,
            system=str(self.tools.system),
            key="" if self.project.lock_bytes is None else archive_key(self.project, self.tools.system),
            stages=stages,
            environment=self.environment,
            verification=self.verification,
            checks=self.checks,
            seconds=time.monotonic() - self.began,
            failure=None if self.error is None else describe_failure(self.error),
        )


def _locked_outputs(project: Project, system: System) -> tuple[tuple[str, StorePath], ...]:
    """What the lock says that derivations come out as."""
    builds = project.require_lock().on(system).iter_builds(system)
    return tuple((build.derivation, build.output) for build in builds if build.output is not None)


def show_logs(tools: Tools, result: CiResult) -> None:
    """Report what the checks wrote that ran, a section for each; those of failed ones are not folded."""
    for check in result.checks:
        if not check.fresh:
            continue
        verdict = "passed" if check.passed else "failed"
        with section(tools.report, f"check-{check.name}", f"{check.name} {verdict}", unfolded=not check.passed):
            for line in _log_lines(tools, check):
                tools.report(LogLine(line))


def _log_lines(tools: Tools, check: CheckOutcome) -> list[str]:
    try:
        content = read_regular(tools.store.layout.log_path(check.derivation), RECORD_LIMIT)
    except OSError:
        return list(check.last_lines)
    lines = content.decode("utf-8", "replace").splitlines()
    if len(lines) > LOG_LINES:
        tools.report(Notice(f"the first {len(lines) - LOG_LINES} lines are left out: `devenv log {check.name}`"))
    return lines[-LOG_LINES:]
