"""What is remembered of builds: the derivation and the log of each that was run, by its key.

Beside the store's root lies `logs/<key>.json`, written when a build begins or somebody looks at a derivation, and for
scripts `logs/<key>.log`. They are for people: nothing is decided by them, and the collector removes old ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devenv.derivation.model import Derivation
from devenv.digest import canonical_json_key
from devenv.errors import UsageError
from devenv.fsutil import read_regular, temporary_name
from devenv.store.layout import Layout

RECORD_LIMIT = 64 << 20
"""Bytes of a record or a log that are read; a script's text may have a megabyte, a bundle names thousands of files."""
KEY_DIGITS = re.compile(r"(?:blake3:)?([0-9a-f]{8,64})", re.ASCII)
KEPT_SECONDS = 60 * 24 * 60 * 60
"""For how long a log is kept that nobody wrote anew."""


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """A build that was run: the derivation's key and name, and its log where it wrote one."""

    key: str
    name: str
    log: Path | None


def record_derivation(layout: Layout, derivation: Derivation) -> None:
    """Keep what is built, so that two keys can be compared later."""
    path = _record_path(layout, derivation.key)
    try:
        # It is not old: it is built now.
        os.utime(path)
    except OSError:
        unfinished = path.with_name(temporary_name())
        # Not made durable: what a crash takes is written again by the next build.
        unfinished.write_text(json.dumps(derivation.document, sort_keys=True), encoding="utf-8")
        unfinished.replace(path)


def read_document(layout: Layout, key: str) -> Mapping[str, Any] | None:
    """The canonical form of a derivation that was built here; None where it was not, or is not readable any more."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        document: Mapping[str, Any] = json.loads(read_regular(_record_path(layout, key), RECORD_LIMIT))
        # Whoever reads on relies on it, and a disk forgets.
        if canonical_json_key(document) == key:
            return document
    return None


def require_record(layout: Layout, wanted: str) -> BuildRecord:
    """The latest build of what is called `wanted`: a name with or without version, a key, or its first digits.

    Raises UsageError (`build-unknown`).
    """
    record = next(_iter_records(layout, wanted), None)
    if record is None:
        raise UsageError(
            f"nothing called `{wanted[:100]}` was built here",
            hint="name a package or a build of the project, or the first digits of a derivation's key",
            slug="build-unknown",
        )
    return record


def _iter_records(layout: Layout, wanted: str) -> Iterator[BuildRecord]:
    """The builds that `wanted` may mean: the latest first, and those that were not run at the end."""
    digits = KEY_DIGITS.fullmatch(wanted)
    if digits is not None:
        yield from _iter_named(layout, [path for path in _paths(layout) if path.stem.startswith(digits[1])], None)
    yield from _iter_named(layout, _paths(layout), wanted)


def _paths(layout: Layout) -> list[Path]:
    dated = []
    for path in layout.logs.glob("*.json"):
        log = path.with_suffix(".log")
        # A build that was run again wrote its log anew. What has none was not run: it was known, or only looked at.
        dated.append((log.exists(), max(_time_of(path), _time_of(log)), path))
    return [path for *_, path in sorted(dated, reverse=True)]


def _time_of(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _iter_named(layout: Layout, paths: list[Path], wanted: str | None) -> Iterator[BuildRecord]:
    for path in paths:
        key = f"blake3:{path.stem}"
        document = read_document(layout, key)
        if document is None:
            continue
        name = str(document["name"])
        if wanted is None or re.fullmatch(rf"(?:check-)?{re.escape(wanted)}(?:-v?[0-9].*)?", name):
            log = layout.log_path(key)
            yield BuildRecord(key, name, log if log.exists() else None)


def remove_old_records(layout: Layout) -> int:
    """Remove the records and logs of builds that were not run for `KEPT_SECONDS`; returns how many files went."""
    oldest = time.time() - KEPT_SECONDS
    builds: dict[str, list[Path]] = {}
    for path in layout.logs.iterdir():
        builds.setdefault(path.stem, []).append(path)
    old = [path for paths in builds.values() if max(map(_time_of, paths)) < oldest for path in paths]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _record_path(layout: Layout, key: str) -> Path:
    return layout.log_path(key).with_suffix(".json")
