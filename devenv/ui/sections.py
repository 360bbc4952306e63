"""Draws sections as the log of a CI service folds them: GitHub's groups, GitLab's sections, headings elsewhere.

A runner obeys lines of its own spelling, whoever wrote them. GitHub is told to obey nothing within a group
(`::stop-commands::`, with a word that nobody can guess), so that the output of a check sets no variables and masks no
secrets. GitLab's marks begin with a control character, and those are never drawn.
"""

from __future__ import annotations

import enum
import re
import secrets
import time
from collections.abc import Iterator, Mapping

from devenv.events import LogLine, SectionFinished, SectionStarted
from devenv.ui.terminal import make_visible

UNFIT = re.compile(r"[^a-z0-9_]+")
"""What the names of GitLab's sections do not hold."""


class Service(enum.Enum):
    """Who shows the log."""

    GITHUB = "github"
    GITLAB = "gitlab"
    PLAIN = "plain"


def find_service(environ: Mapping[str, str]) -> Service:
    """Who runs us, by the variables that they promise to set."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return Service.GITHUB
    return Service.GITLAB if environ.get("GITLAB_CI") == "true" else Service.PLAIN


class Sections:
    """Makes lines of events."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._service = find_service(environ)
        self._word = ""
        self._grouped = False

    def iter_lines(self, event: SectionStarted | SectionFinished | LogLine) -> Iterator[str]:
        """The lines of one event, ready to print."""
        match event:
            case LogLine(text):
                yield f"  {make_visible(text)}"
            case SectionStarted(name, text, is_open):
                yield from self._start(name, make_visible(text), is_open)
            case SectionFinished(name):
                yield from self._finish(name)

    def _start(self, name: str, title: str, is_open: bool) -> Iterator[str]:
        match self._service:
            case Service.GITHUB:
                self._grouped = not is_open
                yield f"::group::{title}" if self._grouped else title
                self._word = secrets.token_hex(16)
                yield f"::stop-commands::{self._word}"
            case Service.GITLAB:
                folded = "" if is_open else "[collapsed=true]"
                yield f"\x1b[0Ksection_start:{int(time.time())}:{_section_name(name)}{folded}\r\x1b[0K{title}"
            case Service.PLAIN:
                yield f"== {title}"

    def _finish(self, name: str) -> Iterator[str]:
        match self._service:
            case Service.GITHUB:
                yield f"::{self._word}::"
                if self._grouped:
                    yield "::endgroup::"
            case Service.GITLAB:
                yield f"\x1b[0Ksection_end:{int(time.time())}:{_section_name(name)}\r\x1b[0K"


def _section_name(name: str) -> str:
    return f"devenv_{UNFIT.sub('_', name.lower())[:100]}"
