"""Compares what an environment is made of with its names and with the lock, reading as little as that takes.

What came in this run was hashed while it was written. What was there before is hashed too, unless a record says that
it was hashed here already and the file system says that nothing touched it since (`devenv.store.fingerprint`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.derivation.model import MAIN_OUTPUT
from devenv.environment.project import Project
from devenv.errors import StoreError
from devenv.fsutil import make_private_directory, read_regular, write_atomic
from devenv.store.fingerprint import fingerprint
from devenv.store.verification import MISSING, UNREADABLE, Finding, verify_objects
from devenv.store_path import StorePath
from devenv.workflow.ci_results import CiVerification
from devenv.workflow.tools import Tools

FORMAT = 1
SIZE_LIMIT = 16 << 20
SHOWN_FINDINGS = 20
WRONG_OUTPUT = "output-differs"


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to verify. With `full`, everything is read; `started` (seconds since the epoch) is when the run began."""

    project: Project
    environment: StorePath
    started: int
    full: bool = False


def verify_environment(tools: Tools, request: VerifyRequest) -> CiVerification:
    """Verify the closure of the environment, and that the objects that the lock names are what it says.

    Remembers what was found sound.
    """
    record_path = _record_path(tools, request.project)
    records = tools.store.database.closure_records(request.environment)
    known = {} if request.full else _read_record(record_path, tools.store.root)
    prints, findings = _take_fingerprints(tools, records)
    # In the very second in which the run began another one may have ended.
    fresh = {path for path in prints if not request.full and records[path].registered > request.started}
    settled = fresh | {path for path, each in prints.items() if known.get(str(path)) == each}
    unread = sorted(prints.keys() - settled)
    if unread:
        size = sum(records[path].size for path in unread)
        findings += verify_objects(tools.store, unread, tools.report, size).findings
    outputs, wrong = _compare_outputs(tools, request)
    findings += wrong
    bad = {each.name for each in findings}
    sound = {str(path): each for path, each in prints.items() if str(path) not in bad}
    if sound != known:
        _write_record(record_path, tools.store.root, sound)
    return CiVerification(
        objects=len(records),
        size=sum(each.size for each in records.values()),
        read=len(fresh) + len(unread),
        outputs=outputs,
        findings=tuple(findings),
    )


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


def _take_fingerprints(tools: Tools, paths: Iterable[StorePath]) -> tuple[dict[StorePath, str], list[Finding]]:
    prints: dict[StorePath, str] = {}
    findings = []
    for path in paths:
        try:
            prints[path] = fingerprint(tools.store.path(path))
        except FileNotFoundError:
            findings.append(Finding(str(path), MISSING, "is registered, and not there"))
        except OSError as error:
            findings.append(Finding(str(path), UNREADABLE, f"cannot be read: {error.strerror}"))
    return prints, findings


def _compare_outputs(tools: Tools, request: VerifyRequest) -> tuple[int, list[Finding]]:
    """How many objects the lock names for this system, and which builds are known to have come out otherwise."""
    count, findings = 0, []
    for build in request.project.require_lock().iter_builds(tools.system):
        if build.output is None:
            continue
        count += 1
        found = tools.store.database.find_realisation(build.derivation, MAIN_OUTPUT)
        if found is not None and found != build.output:
            text = f"is what the lock says of {build.derivation}, which came out as `{found}`"
            findings.append(Finding(str(build.output), WRONG_OUTPUT, text))
    return count, findings


def _record_path(tools: Tools, project: Project) -> Path:
    # Beside the memos of builds: what nobody wrote for long is removed there.
    name = hashlib.sha256(os.fsencode(project.path)).hexdigest()
    return tools.settings.state / "builds" / f"{name}.verified.json"


def _read_record(path: Path, root: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(read_regular(path, SIZE_LIMIT))
        if (record["format"], record["root"]) == (FORMAT, str(root)):
            return dict(record["objects"])
    return {}


def _write_record(path: Path, root: Path, objects: Mapping[str, str]) -> None:
    record = {"format": FORMAT, "root": str(root), "time": int(time.time()), "objects": objects}
    make_private_directory(path.parent)
    write_atomic(path, json.dumps(record).encode(), 0o600)
