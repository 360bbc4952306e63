"""Makes the database again from the disk: every name in the store says what its content must be.

References are found by looking for the digests of everything that lies there. Realisations cannot be found in objects;
those of the old database are taken over where it can still be read and their objects are whole.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.errors import StoreError
from devenv.events import Detail, Report, Step
from devenv.fault_points import fault_point
from devenv.fsutil import locked, sync_directory
from devenv.settings import Settings
from devenv.store.check import Examined, examine
from devenv.store.collection import sole_collector
from devenv.store.database import Registration, StoreDatabase
from devenv.store.database_file import sole_use
from devenv.store.layout import iter_objects, open_layout
from devenv.store.verification import DAMAGED, Finding
from devenv.store_path import StorePath

JOURNAL_SUFFIXES = ("-journal", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """How many objects and realisations are registered now, and what was left out."""

    objects: int
    realisations: int
    findings: tuple[Finding, ...]


def rebuild_database(settings: Settings, report: Report) -> Rebuilding:
    """Examine every object and put a new database in the place of the old one, which may be unusable or missing.

    Objects stay where they are, damaged ones too; those and what refers to them are not registered. Raises StoreError
    (`database-busy`) where another process has the store open for a minute.
    """
    layout = open_layout(settings.base)
    with sole_collector(layout, report), locked(layout.marking_lock), sole_use(layout.database):
        realisations = _read_realisations(layout.database)
        examined, findings = _examine_all(layout.root, report)
        whole = _drop_incomplete(examined, findings)
        new = layout.database.with_name(f"{layout.database.name}.new")
        _remove_database(new)
        kept = _write_database(new, whole, realisations)
        # A journal of the old file would be applied to the new one.
        for suffix in JOURNAL_SUFFIXES:
            layout.database.with_name(layout.database.name + suffix).unlink(missing_ok=True)
        fault_point("rebuild.replace")
        os.replace(new, layout.database)
        _remove_database(new)
        sync_directory(layout.base)
    return Rebuilding(len(whole), kept, tuple(findings))


def _remove_database(path: Path) -> None:
    for suffix in ("", ".lock", *JOURNAL_SUFFIXES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _read_realisations(path: Path) -> list[tuple[str, str, StorePath]]:
    """Those of the old database; none where it cannot be read. Raises StoreError where it is newer than we (E-04)."""
    if not path.exists():
        return []
    try:
        with contextlib.closing(StoreDatabase(path, alone=True)) as database:
            return database.realisations()
    except StoreError as error:
        if error.slug == "database-newer":
            raise
        return []


def _examine_all(root: Path, report: Report) -> tuple[dict[StorePath, Examined], list[Finding]]:
    paths = list(iter_objects(root))
    examined: dict[StorePath, Examined] = {}
    findings: list[Finding] = []
    candidates = frozenset(path.digest for path in paths)
    report(Step(f"examining {len(paths)} objects"))
    for path in paths:
        report(Detail(f"examining {path}"))
        try:
            found = examine(root, path, candidates)
            if found.digest == path.digest:
                examined[path] = found
            else:
                findings.append(Finding(str(path), DAMAGED, "has other content than its name says"))
        except (OSError, StoreError) as error:
            findings.append(Finding(str(path), DAMAGED, str(error)))
    return examined, findings


def _drop_incomplete(examined: Mapping[StorePath, Examined], findings: list[Finding]) -> dict[StorePath, Registration]:
    """What is whole, with its references; what refers to something else is added to the findings.

    What an object names behind the store's root and is not there counts: it was an input of its build.
    """
    by_digest: dict[str, list[StorePath]] = {}
    for path in examined:
        by_digest.setdefault(path.digest, []).append(path)
    referrers: dict[str, list[StorePath]] = {}
    for path, found in examined.items():
        for digest in (found.references | found.named) - {path.digest}:
            referrers.setdefault(digest, []).append(path)
    incomplete: set[StorePath] = set()
    pending = sorted(referrers.keys() - by_digest.keys())
    while pending:
        for path in referrers.get(pending.pop(), ()):
            if path not in incomplete:
                incomplete.add(path)
                pending.append(path.digest)
    findings += (
        Finding(str(path), DAMAGED, "refers to something that is damaged or missing") for path in sorted(incomplete)
    )
    return {
        path: Registration(
            path, found.size, [each for digest in sorted(found.references) for each in by_digest[digest]]
        )
        for path, found in examined.items()
        if path not in incomplete
    }


def _write_database(
    path: Path, objects: Mapping[StorePath, Registration], realisations: list[tuple[str, str, StorePath]]
) -> int:
    """A complete database at `path`; returns the number of realisations in it."""
    with contextlib.closing(StoreDatabase(path)) as database:
        database.register(list(objects.values()))
        kept = [each for each in realisations if each[2] in objects]
        for derivation, output, target in kept:
            database.register_realisations({(derivation, output): target})
    return len(kept)
