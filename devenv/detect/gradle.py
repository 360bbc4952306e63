"""`build.gradle` and `build.gradle.kts`: the Java of a project. They are programs; only plain lines are understood."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devenv.detect.model import Finding, Strength, Wish
from devenv.detect.version_files import translate_java

COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
VERSIONS = (
    re.compile(r"JavaLanguageVersion\.of\(\s{0,9}[\"']?([0-9]{1,3})[\"']?\s{0,9}\)"),
    re.compile(r"jvmToolchain\(\s{0,9}([0-9]{1,3})\s{0,9}\)"),
    re.compile(r"options\.release(?:\.set\(|\s{0,9}=)\s{0,9}([0-9]{1,3})"),
    re.compile(
        r"(?:source|target)Compatibility\s{0,9}=?\s{0,9}(?:JavaVersion\.VERSION_)?[\"']?([0-9]{1,3}(?:[._][0-9]{1,3})?)"
    ),
)
"""What says more about the JDK that is used stands first."""
GRADLE_NOTE = "the project's own `gradlew` brings it"


def parse_gradle(text: str, file: str) -> Iterator[Finding]:
    """Gradle itself, and the JDK that it compiles with."""
    text = COMMENT.sub(lambda match: match[0] if match[0][0] in "\"'" else re.sub(r"[^\n]", " ", match[0]), text)
    yield Finding(file, 1, "gradle", "", None, Wish((), GRADLE_NOTE))
    for pattern in VERSIONS:
        if match := pattern.search(text):
            line = text.count("\n", 0, match.start()) + 1
            asked = match[1].replace("_", ".")
            yield Finding(file, line, "java", asked, "openjdk", translate_java(asked), Strength.RANGE)
            return
    yield Finding(file, 1, "java", "", "openjdk")
