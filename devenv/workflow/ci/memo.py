"""What a run leaves for the next one of the same project: what was found sound, and what need not be evaluated again.

    <state>/builds/<id of the project>.ci.json

Beside the memos of builds, whose collection takes it along. Like them it says nothing that could not be found out:
where it is missing, damaged or about something else, a run evaluates and reads everything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv.environment.project import Project
from devenv.fsutil import make_private_directory, read_regular, write_atomic
from devenv.store.fingerprint import Fingerprint
from devenv.store_path import StorePath, parse_store_path
from devenv.workflow.tools import Tools

FORMAT = 1
SIZE_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class CiMemo:
    """What is known. `objects` are those that were read in this store; the rest holds where `stamp` does.

    Then the lock answers the manifest, says of `outputs` (derivation, object) what they are, and the `checks`, by name,
    have these derivations while the project's `sources` are those objects.
    """

    objects: Mapping[StorePath, Fingerprint] = field(default_factory=dict)
    stamp: str = ""
    outputs: tuple[tuple[str, StorePath], ...] = ()
    checks: Mapping[str, str] | None = None
    """None: they were not derived. Empty: there are none."""
    sources: Mapping[str, StorePath] = field(default_factory=dict)


def read_memo(tools: Tools, project: Project) -> CiMemo:
    """The memo of the project; one that says nothing where there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = json.loads(read_regular(_memo_path(tools, project), SIZE_LIMIT))
        if (record["format"], record["root"]) == (FORMAT, str(tools.store.root)):
            return CiMemo(
                {
                    parse_store_path(name): Fingerprint(
                        everything, {at: (one, two) for at, (one, two) in below.items()}
                    )
                    for name, (everything, below) in record["objects"].items()
                },
                str(record["stamp"]),
                tuple((str(key), parse_store_path(text)) for key, text in record["outputs"]),
                None if record["checks"] is None else dict(record["checks"]),
                {path: parse_store_path(text) for path, text in record["sources"].items()},
            )
    return CiMemo()


def write_memo(tools: Tools, project: Project, memo: CiMemo) -> None:
    """Remember `memo`."""
    record = {
        "format": FORMAT,
        "root": str(tools.store.root),
        "objects": {str(path): [each.everything, each.directories] for path, each in memo.objects.items()},
        "stamp": memo.stamp,
        "outputs": [[key, str(path)] for key, path in memo.outputs],
        "checks": memo.checks,
        "sources": {path: str(each) for path, each in memo.sources.items()},
    }
    path = _memo_path(tools, project)
    make_private_directory(path.parent)
    write_atomic(path, json.dumps(record).encode(), 0o600)


def _memo_path(tools: Tools, project: Project) -> Path:
    name = hashlib.sha256(os.fsencode(project.path)).hexdigest()
    named = "" if project.selected is None else f".{project.selected}"
    return tools.settings.state / "builds" / f"{name}.ci{named}.json"
