"""Says whether a project's lock answers its manifest, and how it does not; asks nobody and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from devenv.environment.project import read_project, require_project_path
from devenv.lock.model import Lock, LockedEnvironment
from devenv.lock.satisfies import (
    EnvironmentNotWanted,
    EnvironmentUnsatisfied,
    Unsatisfied,
    iter_unsatisfied,
)
from devenv.manifest.model import Manifest
from devenv.packages.versions import answers_request
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
        if isinstance(reason, EnvironmentNotWanted):
            yield UnsatisfiedReason(_kind(reason), None, str(reason), reason.name)
        elif isinstance(reason, EnvironmentUnsatisfied):
            yield UnsatisfiedReason(_kind(reason.reason), _package(reason.reason), str(reason), reason.name)
        else:
            yield UnsatisfiedReason(_kind(reason), _package(reason), str(reason))
    yield from _iter_wrong(None, lock)
    for name, environment in sorted(lock.environments.items()):
        yield from _iter_wrong(name, environment)


def _iter_wrong(environment: str | None, part: Lock | LockedEnvironment) -> Iterator[UnsatisfiedReason]:
    """Versions that are not what stands beside them as asked for: somebody edited the file."""
    for name, package in sorted(part.packages.items()):
        if not answers_request(package.request, package.version):
            words = f"`{name}` is locked as {package.version}, which does not answer `{package.request}`"
            yield UnsatisfiedReason("version-wrong", name, words, environment)


def _package(reason: Unsatisfied) -> str | None:
    """The package that a reason is about."""
    facts = {field.name: getattr(reason, field.name) for field in fields(reason)}
    return facts.get("name")


def _kind(reason: Unsatisfied) -> str:
    """`PackageNotLocked` → `package-not-locked`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(reason).__name__).lower()
