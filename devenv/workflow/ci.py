"""One run on a build machine: `devenv ci`.

Whoever calls it asks for this run of this content, so no earlier `allow` is needed, and none comes of it: nothing but
the run's own builds and checks is run, and those in the sandbox. No shell enters the environment, no hook runs, and
nothing is written into the project. What was denied stays denied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devenv.build.records import RECORD_LIMIT
from devenv.environment.project import Project
from devenv.errors import CheckError, DevenvError
from devenv.events import LogLine, Notice, section
from devenv.fsutil import read_regular
from devenv.store_path import StorePath
from devenv.workflow.build_results import CheckOutcome
from devenv.workflow.ci_archive import leave_archive, take_archive
from devenv.workflow.ci_key import archive_key
from devenv.workflow.ci_results import FAILED, PASSED, SKIPPED, CiResult, CiVerification, Stage, describe_failure
from devenv.workflow.ci_verify import VerifyRequest, require_sound, verify_environment
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
    full: bool = False
    """Whether every object is read, whatever is known of it."""
    checks: bool = True
    jobs: int | None = None


def run_ci(tools: Tools, start: Path, request: CiRequest) -> CiResult:
    """Do all of it for the project that `start` lies in. What fails is part of the result.

    Raises UsageError where there is no project, TrustError where it was denied.
    """
    project = open_project(tools, start)
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
    stages: dict[str, Stage] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    started: int = field(default_factory=lambda: int(time.time()))

    def go(self) -> None:
        """Every stage in turn. Raises what the first one raises that fails."""
        tools, project, archive = self.tools, self.project, self.request.archive
        with self._stage("lock"):
            require_satisfied(project)
        entered = find_entered(tools, project)
        lacking = archive is not None and not archive.exists()
        if archive is not None and entered is None and not lacking:
            with self._stage("import") as say:
                taken = take_archive(tools, archive)
                lacking = taken is None
                say("it is of no use" if taken is None else f"{taken} objects")
        with self._stage("environment") as say:
            entered = entered or enter_realized(tools, project)
            self.environment = entered.generation.environment
            say(str(self.environment))
        with self._stage("verify") as say:
            self.verification = verify_environment(
                tools, VerifyRequest(project, self.environment, self.started, self.request.full)
            )
            say(f"{self.verification.objects} objects, {self.verification.read} of them read")
            require_sound(self.verification)
        if self.request.checks and project.manifest.checks:
            with self._stage("checks") as say:
                self._run_checks(say)
        if archive is not None and lacking:
            with self._stage("export") as say:
                say(f"{leave_archive(tools, project, self.environment, archive)} objects")

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

    def _run_checks(self, say: Callable[[str], None]) -> None:
        from devenv.workflow.builds import BuildChoice, ProjectBuilding, run_checks

        building = ProjectBuilding(self.tools, self.project, BuildChoice(jobs=self.request.jobs))
        self.checks = run_checks(building).checks
        failed = [each.name for each in self.checks if not each.passed]
        say(f"{len(self.checks) - len(failed)} of {len(self.checks)} passed")
        if failed:
            raise CheckError(
                f"{len(failed)} of {len(self.checks)} checks failed: {', '.join(failed)}",
                hint=f"`devenv check {failed[0]}` runs it here, `devenv log {failed[0]}` shows what it wrote",
            )

    def result(self) -> CiResult:
        """What came of it."""
        stages = tuple(self.stages.get(name) or Stage(name, SKIPPED) for name in TITLES)
        return CiResult(
            project=self.project.path,
            system=str(self.tools.system),
            key="" if self.project.lock_bytes is None else archive_key(self.project.lock_bytes, self.tools.system),
            stages=stages,
            environment=self.environment,
            verification=self.verification,
            checks=self.checks,
            seconds=time.monotonic() - self.began,
            failure=None if self.error is None else describe_failure(self.error),
        )


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
