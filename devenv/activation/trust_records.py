"""Records of trust as JSON: what was allowed at a path, newest first, or that the path was denied.

    {"format": 2, "path": …, "time": seconds, "denied": false, "allowed": [{"content": …, "files": {NAME: …}}, …]}
    {"format": 1, "path": …, "digest": …}    is still read: one content, bound to the path; a digest of null denies

`content` is the digest of manifest and lock, `files` are those of the other files that can act, null for a missing one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

FORMAT = 2

CONTENT_LIMIT = 20
"""Contents of one project that are allowed at a time: as many branches as somebody goes back and forth between."""

RECORD_LIMIT = 4 << 20
"""Bytes of a record; `format_record` leaves out what was allowed longest ago where it would get larger."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A content: the digest of manifest and lock, and those of the other files that can act (None: it was missing)."""

    content: str
    files: Mapping[str, str | None] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What was said of a project, and when (seconds since the epoch; None: not recorded)."""

    project: Path
    time: int | None = None
    allowed: tuple[Allowance, ...] = ()
    """The last one first."""
    denied: bool = False
    placed: str | None = None
    """The digest in a record of format 1."""


def format_record(record: Record) -> bytes:
    """ASCII, in one line, within `RECORD_LIMIT` bytes."""
    while True:
        allowed = [allowance_data(each) for each in record.allowed]
        document = {
            "format": FORMAT,
            "path": os.fspath(record.project),
            "time": record.time,
            "denied": record.denied,
            "allowed": allowed,
        }
        content = json.dumps(document, sort_keys=True).encode("ascii") + b"\n"
        if len(content) <= RECORD_LIMIT or not record.allowed:
            return content
        record = replace(record, allowed=record.allowed[:-1])


def parse_record(content: bytes) -> Record | None:
    """The record, or None where it is none that this devenv knows."""
    try:
        document = json.loads(content)
        if not isinstance(document, dict) or not isinstance(document.get("path"), str):
            return None
        return _parse_first(document) if document.get("format") == 1 else _parse(document)
    except (ValueError, RecursionError):
        return None


def _parse_first(document: dict[str, Any]) -> Record | None:
    digest = document.get("digest")
    if set(document) != {"format", "path", "digest"} or not isinstance(digest, str | None):
        return None
    return Record(Path(document["path"]), denied=digest is None, placed=digest)


def _parse(document: dict[str, Any]) -> Record | None:
    if set(document) != {"format", "path", "time", "denied", "allowed"} or document["format"] != FORMAT:
        return None
    time, denied, allowed = document["time"], document["denied"], document["allowed"]
    if not (isinstance(time, int) and isinstance(denied, bool) and isinstance(allowed, list)):
        return None
    allowances = tuple(map(parse_allowance, allowed))
    known = tuple(each for each in allowances if each is not None)
    if len(known) != len(allowances):
        return None
    return Record(Path(document["path"]), time, known, denied)


def allowance_data(allowance: Allowance) -> dict[str, Any]:
    """An allowance as JSON knows it."""
    return {"content": allowance.content, "files": dict(allowance.files)}


def parse_allowance(value: object) -> Allowance | None:
    """The same back; None where it is none."""
    if not isinstance(value, dict) or set(value) != {"content", "files"}:
        return None
    content, files = value["content"], value["files"]
    if not isinstance(content, str) or not isinstance(files, dict):
        return None
    if not all(isinstance(digest, str | None) for digest in files.values()):
        return None
    return Allowance(content, files)
