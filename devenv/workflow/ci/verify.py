"""Compares what an environment is made of with its names and with the lock, reading as little as that takes.

What came in this run was hashed while it was written. What was there before is hashed too, unless it was before and
nothing has touched it since, as far as `devenv.store.fingerprint` can tell.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devenv.derivation.model import MAIN_OUTPUT
from devenv.errors import StoreError
from devenv.store.fingerprint import Fingerprint, is_same, take_print
from devenv.store_path import StorePath
from devenv.workflow.ci.results import CiVerification
from devenv.workflow.tools import Tools

if TYPE_CHECKING:
    from devenv.store.verification import Finding

SHOWN_FINDINGS = 20
WRONG_OUTPUT = "output-differs"


class Effort(enum.Enum):
    """How closely what was read before is looked at."""

    DIRECTORIES = "directories"
    FILES = "files"
    CONTENT = "content"
    """Everything is read."""


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to verify; `started` (seconds since the epoch) is when the run began, `known` what was read before it."""

    environment: StorePath
    outputs: Iterable[tuple[str, StorePath]]
    """Keys of derivations, and what the lock says they come out as."""
    started: int
    known: Mapping[StorePath, Fingerprint]
    effort: Effort = Effort.DIRECTORIES


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome, and the fingerprints of all that was found sound."""

    verification: CiVerification
    prints: Mapping[StorePath, Fingerprint]


def verify_environment(tools: Tools, request: VerifyRequest) -> Verified:
    """Verify the closure of the environment, and that the objects that the lock names are what it says."""
    records = tools.store.database.closure_records(request.environment)
    prints: dict[StorePath, Fingerprint] = {}
    unread, fresh = [], 0
    for path, record in records.items():
        known = request.known.get(path)
        taken = _take_print(tools, request, path, known)
        if taken is not None:
            prints[path] = taken
        if known is not None and taken == known and request.effort is not Effort.CONTENT:
            continue
        # In the very second in which the run began another one may have ended.
        if taken is not None and known is None and record.registered > request.started:
            fresh += 1
        else:
            unread.append(path)
    findings = _read(tools, unread, sum(records[path].size for path in unread)) if unread else []
    outputs, wrong = _compare_outputs(tools, request)
    findings += wrong
    bad = {each.name for each in findings}
    verification = CiVerification(
        objects=len(records),
        size=sum(each.size for each in records.values()),
        read=fresh + len(unread),
        outputs=outputs,
        findings=tuple(findings),
    )
    return Verified(verification, {path: each for path, each in prints.items() if str(path) not in bad})


def _take_print(tools: Tools, request: VerifyRequest, path: StorePath, known: Fingerprint | None) -> Fingerprint | None:
    """The object's fingerprint, the known one where the effort is satisfied with that; None where it cannot be had."""
    place = tools.store.path(path)
    # What is gone or cannot be looked at is told by whoever reads it.
    with contextlib.suppress(OSError):
        if known is not None and request.effort is Effort.DIRECTORIES and is_same(place, known):
            return known
    with contextlib.suppress(OSError):
        return take_print(place)
    return None


def _read(tools: Tools, paths: Iterable[StorePath], size: int) -> list[Finding]:
    from devenv.store.verification import verify_objects

    return list(verify_objects(tools.store, paths, tools.report, size).findings)


def require_sound(verification: CiVerification) -> None:
    """Raises StoreError (`object-mismatch`) where something was found."""
    if verification.findings:
        count = len(verification.findings)
        raise StoreError(
            f"{count} {'object is' if count == 1 else 'objects are'} not what the lock and their names say",
            hint="`devenv store repair` makes damaged objects again; a lock is restored from version control",
            details=tuple(f"`{each.name}` {each.text}" for each in verification.findings[:SHOWN_FINDINGS]),
            slug="object-mismatch",
        )


def _compare_outputs(tools: Tools, request: VerifyRequest) -> tuple[int, list[Finding]]:
    """How many objects the lock names for this system, and which builds are known to have come out otherwise."""
    count = 0
    findings: list[Finding] = []
    for key, output in request.outputs:
        count += 1
        found = tools.store.database.find_realisation(key, MAIN_OUTPUT)
        if found is not None and found != output:
            from devenv.store.verification import Finding

            text = f"is what the lock says of {key}, which came out as `{found}`"
            findings.append(Finding(str(output), WRONG_OUTPUT, text))
    return count, findings
