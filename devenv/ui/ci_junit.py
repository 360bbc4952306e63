"""A run as JUnit's XML, the format that CI services read: the stages are one suite, the checks another.

There is no standard; this keeps to what Jenkins' `junit-10.xsd` and GitLab's reader have in common. Logs may hold bytes
that no XML can, escaped or not: they become U+FFFD.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from devenv.workflow.ci.results import FAILED, SKIPPED, CiResult

UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no character of XML 1.0 (its production 2)."""
TEXT_LIMIT = 64 << 10
"""Characters of one text: the last ones, where the failure stands."""


def format_junit(result: CiResult) -> bytes:
    """The whole document, in UTF-8."""
    top = ET.Element("testsuites", name="devenv", time=_seconds(result.seconds))
    stages = _suite(top, "devenv.ci", len(result.stages))
    for stage in result.stages:
        case = _case(stages, "devenv.ci", stage.name, stage.seconds)
        if stage.status == SKIPPED:
            ET.SubElement(case, "skipped")
        elif stage.status == FAILED:
            _fail(case, result)
    checks = _suite(top, "devenv.checks", len(result.checks))
    for check in result.checks:
        case = _case(checks, "devenv.checks", check.name, 0.0)
        if not check.passed:
            failure = ET.SubElement(case, "failure", message=_text(check.reason or "failed"), type="runtime")
            failure.text = _text("\n".join(check.last_lines))
    for suite in (stages, checks):
        for outcome, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(attribute, str(len(suite.findall(f"testcase/{outcome}"))))
    encoded: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return encoded + b"\n"


def _suite(top: ET.Element, name: str, count: int) -> ET.Element:
    return ET.SubElement(top, "testsuite", name=name, tests=str(count))


def _case(suite: ET.Element, class_name: str, name: str, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=class_name, name=_text(name), time=_seconds(seconds))


def _fail(case: ET.Element, result: CiResult) -> None:
    if result.failure is None:
        return
    failure = result.failure
    element = ET.SubElement(case, "error", message=_text(failure.message), type=failure.domain)
    place = () if failure.place is None else (f"at {failure.place}",)
    hint = () if failure.hint is None else (f"hint: {failure.hint}",)
    element.text = _text("\n".join((*place, *failure.details, *hint)))


def _text(text: str) -> str:
    return UNFIT.sub("�", text[-TEXT_LIMIT:])


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
