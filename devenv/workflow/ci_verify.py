"""Compares what an environment is made of with its names and with the lock, reading as little as that takes.

What came in this run was hashed while it was written. What was there before is hashed too, unless it was before and
nothing has touched it since, as far as `devenv.store.fingerprint` can tell.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from devenv.derivation.model import MAIN_OUTPUT
from devenv.errors import StoreError
from devenv.store.fingerprint import Fingerprint, is_same, take_print
from devenv.store.verification import MISSING, UNREADABLE, Finding, verify_objects
from devenv.store_path import StorePath
from devenv.workflow.ci_results import CiVerification
from devenv.workflow.tools import Tools

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
    findings: list[Finding] = []
    unread, fresh = [], 0
    for path, record in records.items():
        try:
            if _is_settled(tools, request, path):
                prints[path] = request.known[path]
                continue
            prints[path] = take_print(tools.store.path(path))
        except FileNotFoundError:
            findings.append(Finding(str(path), MISSING, "is registered, and not there"))
            continue
        except OSError as error:
            findings.append(Finding(str(path), UNREADABLE, f"cannot be read: {error.strerror}"))
            continue
        # In the very second in which the run began another one may have ended.
        if record.registered > request.started and request.effort is not Effort.CONTENT and path not in request.known:
            fresh += 1
        elif request.effort is not Effort.FILES or request.known.get(path) != prints[path]:
            unread.append(path)
    if unread:
        size = sum(records[path].size for path in unread)
        findings += verify_objects(tools.store, unread, tools.report, size).findings
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


def _is_settled(tools: Tools, request: VerifyRequest, path: StorePath) -> bool:
    """Whether the directories suffice. Raises OSError where one is gone, which reading will tell better."""
    known = request.known.get(path)
    if known is None or request.effort is not Effort.DIRECTORIES:
        return False
    try:
        return is_same(tools.store.path(path), known)
    except OSError:
        return False


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
    count, findings = 0, []
    for key, output in request.outputs:
        count += 1
        found = tools.store.database.find_realisation(key, MAIN_OUTPUT)
        if found is not None and found != output:
            text = f"is what the lock says of {key}, which came out as `{found}`"
            findings.append(Finding(str(output), WRONG_OUTPUT, text))
    return count, findings
