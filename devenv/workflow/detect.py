"""Makes a project's manifest from what other tools' files in its directory say."""

from __future__ import annotations

import errno
import functools
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.detect.availability import Offered
from devenv.detect.kinds import KINDS
from devenv.detect.manifest_text import format_manifest
from devenv.detect.model import FINDINGS_LIMIT, SIZE_LIMIT, Finding, UnreadableError
from devenv.detect.names import STAND_INS, find_package
from devenv.detect.propose import propose
from devenv.errors import DevenvError, UsageError
from devenv.events import Step
from devenv.fsutil import read_regular
from devenv.project_names import MANIFEST_NAME
from devenv.workflow.detect_results import DetectResult, UnreadFile
from devenv.workflow.start import find_telling_files, make_project_name, refuse_taken, write_files
from devenv.workflow.tools import Tools

if TYPE_CHECKING:
    from devenv.packages.package import Package

EXACT = re.compile(r"(?:>=)?[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)
"""Requests for one version, of which only an index knows whether there is one."""

FindOffered = Callable[[str], Offered | None]
FindSimilar = Callable[[str], str]


def detect_project(tools: Tools, directory: Path, *, dry_run: bool) -> DetectResult:
    """Propose a manifest for `directory`, write it unless this is a `dry_run`, and allow it.

    It is allowed because nothing but names of devenv's packages and versions gets into it. Raises as `init_project`
    does, and UsageError (`nothing-detected`) where no file says anything.
    """
    directory = Path(os.path.abspath(directory))
    if not dry_run:
        refuse_taken(directory)
    findings: list[Finding] = []
    unread: list[UnreadFile] = []
    for name in find_telling_files(directory):
        try:
            findings += _read_findings(directory, name)
        except UnreadableError as error:
            unread.append(UnreadFile(name, str(error)))
    if not findings:
        raise UsageError(
            f"no file in `{directory}` says what the project needs",
            hint="choose a template: `devenv init --list` names them",
            details=tuple(f"`{each.file}` is {each.reason}" for each in unread),
            slug="nothing-detected",
        )
    find_offered, find_similar = _ask_base_set(tools, findings)
    proposal = propose(findings, find_offered, find_similar)
    manifest = format_manifest(make_project_name(directory.resolve().name), proposal)
    written = () if dry_run else write_files(tools, directory, {MANIFEST_NAME: (manifest.encode(), 0o644)})
    return DetectResult(
        directory,
        manifest,
        proposal.packages,
        proposal.contradictions,
        proposal.lacking,
        tuple(unread),
        tuple(written),
    )


def _read_findings(directory: Path, name: str) -> list[Finding]:
    text = _read_text(directory / name)
    findings = []
    for finding in KINDS[name](text, name):
        findings.append(finding)
        if len(findings) == FINDINGS_LIMIT:
            break
    return findings


def _read_text(path: Path) -> str:
    """The text of a file. Raises UnreadableError where it is no regular file, too long, or no text (FAULTS K-05)."""
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode):
            raise UnreadableError("a symbolic link")
        return read_regular(path, SIZE_LIMIT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("no UTF-8 text") from error
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.EFBIG}:
            raise UnreadableError(error.strerror or "") from error
        raise UnreadableError(f"not to be read ({os.strerror(error.errno or 0)})") from error


def _ask_base_set(tools: Tools, findings: Iterable[Finding]) -> tuple[FindOffered, FindSimilar]:
    """What there is of a package, and what comes near to what there is not."""
    base = tools.base_set
    exact = {each.package for each in findings if any(EXACT.fullmatch(request) for request in each.wish.requests)}

    @functools.cache
    def find_offered(name: str) -> Offered | None:
        if not base.has(name):
            return None
        package = base.package(name)
        specifiers = tuple(source.versions for source in package.sources)
        return Offered(specifiers, _find_listed(tools, package) if name in exact else None)

    def find_similar(name: str) -> str:
        if name in STAND_INS:
            return STAND_INS[name]
        names = {*base.find_similar(name), *([] if (meant := find_package(name)) == name else base.find_similar(meant))}
        if names:
            return f"did it mean {' or '.join(f'`{each}`' for each in sorted(names))}?"
        return f"`source:{name}` is built here" if tools.source_set.has(name) else ""

    return find_offered, find_similar


def _find_listed(tools: Tools, package: Package) -> tuple[str, ...] | None:
    """The versions that the index lists, newest first; None where it cannot say, or is slow to.

    A suite of Debian has one version of each, and its recipe says of which line: it is not asked.
    """
    from devenv.packages.package import WheelSource
    from devenv.resolve.offers import Offers

    if not all(isinstance(source, WheelSource) for source in package.sources):
        return None
    tools.report(Step(f"asking which versions of {package.name} there are"))
    try:
        return tuple(map(str, Offers(package, tools.index).stable)) or None
    except DevenvError:
        return None
