"""What was allowed last, kept to show what is new: `devenv allow` compares with it.

    {"format": 1, "allowance": {"content": …, "files": {NAME: …}}, "manifest": …, "lock": …,
     "variables": {NAME: [NAME, …]}}

Of files with variables only the names are kept: their values stand in enough places. It decides nothing: what may act
is said by records alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devenv.activation.trust_records import Allowance, allowance_data, parse_allowance
from devenv.activation.watched import content_digest

FORMAT = 1
LAST_LIMIT = 64 << 20
"""Bytes: more than manifest and lock may have, with every byte escaped once."""


@dataclass(frozen=True, slots=True)
class LastAllowed:
    """A content that was allowed, or is going to be: manifest and lock, and the names in files with variables."""

    allowance: Allowance
    manifest: bytes
    lock: bytes | None = None
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def format_last(last: LastAllowed) -> bytes:
    """ASCII, in one line."""
    document = {
        "format": FORMAT,
        "allowance": allowance_data(last.allowance),
        "manifest": _text(last.manifest),
        "lock": None if last.lock is None else _text(last.lock),
        "variables": {name: list(names) for name, names in last.variables.items()},
    }
    return json.dumps(document, sort_keys=True).encode("ascii") + b"\n"


def parse_last(content: bytes) -> LastAllowed | None:
    """What `format_last` wrote; None where it is anything else, or not the content that it says."""
    try:
        document = json.loads(content)
        last = _parse(document)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return last if last is not None and content_digest(last.manifest, last.lock) == last.allowance.content else None


def _parse(document: dict[str, Any]) -> LastAllowed | None:
    allowance = parse_allowance(document["allowance"])
    if document["format"] != FORMAT or allowance is None:
        return None
    manifest, lock = document["manifest"], document["lock"]
    variables = {str(name): tuple(map(str, names)) for name, names in document["variables"].items()}
    return LastAllowed(allowance, _bytes(manifest), None if lock is None else _bytes(lock), variables)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
