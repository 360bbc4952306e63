"""Says whether a project's lock answers its manifest, and how it does not; asks nobody and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from devenv.environment.project import read_project, require_project_path
from devenv.lock.model import Lock
from devenv.lock.satisfies import iter_unsatisfied
from devenv.manifest.model import Manifest
from devenv.packages.versions import parse_version_request
from devenv.workflow.results import LockCheckResult, UnsatisfiedReason


def check_lock(start: Path) -> LockCheckResult:
    """Whether the lock of the project that `start` lies in answers the manifest.

    Raises ManifestError, LockError (`lock-missing`, `lock-invalid`, …), UsageError.
    """
    project = read_project(require_project_path(start))
    return LockCheckResult(project.path, tuple(iter_reasons(project.require_lock(), project.manifest)))


def iter_reasons(lock: Lock, manifest: Manifest) -> Iterator[UnsatisfiedReason]:
    """Every way in which the lock does not answer, those of its own versions behind those of the manifest."""
    for reason in iter_unsatisfied(lock, manifest):
        facts = {field.name: getattr(reason, field.name) for field in fields(reason)}
        yield UnsatisfiedReason(_kind(type(reason).__name__), facts.get("name"), str(reason))
    for name, package in sorted(lock.packages.items()):
        try:
            answers = parse_version_request(package.request).matches(package.version)
        except ValueError:
            answers = False
        if not answers:
            words = f"`{name}` is locked as {package.version}, which does not answer `{package.request}`"
            yield UnsatisfiedReason("version-wrong", name, words)


def _kind(name: str) -> str:
    """`PackageNotLocked` → `package-not-locked`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
