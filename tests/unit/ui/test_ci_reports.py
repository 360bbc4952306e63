"""Reports of runs: whole, bounded, and nothing else than text, whatever the logs hold."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from devenv.errors import CheckError, Place
from devenv.events import LogLine, SectionFinished, SectionStarted
from devenv.ui.ci_junit import TEXT_LIMIT, format_junit
from devenv.ui.ci_markdown import format_summary
from devenv.ui.sections import Sections
from devenv.workflow.build_results import CheckOutcome
from devenv.workflow.ci.results import FAILED, PASSED, SKIPPED, CiResult, Stage, describe_failure

HOSTILE = "]]>\x00\x1b[2J\ud800￾</failure>\n```\n| <script>alert(1)</script> ::set-env name=A::b @everyone [a](b)"


def make_result(text: str) -> CiResult:
    """A run whose checks and errors say `text`."""
    error = CheckError(text, hint=text, place=Place(text), details=(text, text))
    return CiResult(
        project=Path("/project"),
        system="x86_64-linux",
        key="key",
        stages=(
            Stage("lock", PASSED, 0.1, text),
            Stage("import", SKIPPED),
            Stage("checks", FAILED, 1.0, text),
        ),
        checks=(
            CheckOutcome("good", passed=True, fresh=False),
            CheckOutcome(text, passed=False, fresh=True, reason=text, last_lines=(text, text)),
        ),
        failure=describe_failure(error),
    )


@given(st.one_of(st.just(HOSTILE), st.text(st.characters())))
def test_report_is_valid_xml(text: str) -> None:
    """Services read the report whatever a log holds, and count what failed (O-08)."""
    top = ET.fromstring(format_junit(make_result(text)))
    stages, checks = top.findall("testsuite")
    assert (stages.get("tests"), stages.get("errors"), stages.get("skipped")) == ("3", "1", "1")
    assert (checks.get("tests"), checks.get("failures")) == ("2", "1")
    assert stages.find("testcase[@name='checks']/error[@type='runtime']") is not None


def test_report_is_bounded() -> None:
    """A log without end leaves a report of its last lines."""
    document = format_junit(make_result("x" * 10_000_000 + "the end"))
    assert len(document) < 10 * TEXT_LIMIT
    assert b"the end" in document
    assert len(format_summary(make_result("y" * 10_000_000))) < 20_000


@given(st.one_of(st.just(HOSTILE.replace("\ud800", "\udcff")), st.text()))
def test_summary_holds_text_only(text: str) -> None:
    """Names and logs end no table, no fence and no folded part, and are no HTML, links or mentions."""
    lines = format_summary(make_result(text)).splitlines()
    open_fence = None
    for line in lines:
        fence = re.fullmatch("(`{3,})(text)?", line)
        if open_fence is None and fence is not None:
            open_fence = fence[1]
        elif open_fence is not None and line == open_fence:
            open_fence = None
        elif open_fence is None and line.startswith("<details>"):
            assert "<" not in line.removeprefix("<details><summary>").removesuffix("</summary>")
        elif open_fence is None and line != "</details>":
            assert not re.search(r"(?<!\\)[<@\[]", line), line
    assert open_fence is None


def test_github_obeys_nothing_within_a_group() -> None:
    """What a check writes is no order to GitHub's runner: between the marks it obeys none."""
    sections = Sections({"GITHUB_ACTIONS": "true"})
    events: list[SectionStarted | LogLine | SectionFinished] = [
        SectionStarted("check-a", "::warning::a"),
        LogLine("::set-env name=PATH::/evil"),
        SectionFinished("check-a"),
    ]
    title, stop, line, resume, end = [line for event in events for line in sections.iter_lines(event)]
    assert (title, end) == ("::group::::warning::a", "::endgroup::")
    word = stop.removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", word)
    assert (line, resume) == ("  ::set-env name=PATH::/evil", f"::{word}::")


def test_failures_are_not_folded() -> None:
    """Whoever opens the page of a run that failed sees why, on GitHub and on GitLab."""
    event = SectionStarted("check-a b", "a b failed", open=True)
    assert not any("group" in line for line in Sections({"GITHUB_ACTIONS": "true"}).iter_lines(event))
    (line,) = Sections({"GITLAB_CI": "true"}).iter_lines(event)
    assert re.fullmatch("\x1b\\[0Ksection_start:[0-9]+:devenv_check_a_b\r\x1b\\[0Ka b failed", line)


def test_gitlab_marks_cannot_be_forged() -> None:
    """The marks begin with a control character, and what a check writes has none (O-08)."""
    (line,) = Sections({"GITLAB_CI": "true"}).iter_lines(LogLine("\x1b[0Ksection_end:1:devenv_lock\r\x1b[0K"))
    assert not re.search("[\x00-\x1f]", line)
