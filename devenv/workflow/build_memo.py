"""Remembers what a project's builds came out as, so that asking for them again evaluates nothing.

    <state>/builds/<id of the project>.json

A memo holds for one manifest, one lock, one system, one devenv and one set of recipe functions (`stamp`), and for the
sources that the builds were made of, which are hashed again each time. It says nothing that could not be found out:
where it is missing, damaged or about something else, the builds are derived as ever.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devenv import __version__
from devenv.environment.project import Project
from devenv.fsutil import make_private_directory, read_regular, write_atomic
from devenv.settings import Settings
from devenv.store_path import StorePath, parse_store_path
from devenv.workflow.tools import Tools

FORMAT = 1
SIZE_LIMIT = 16 << 20


@dataclass(frozen=True, slots=True)
class KnownBuild:
    """What a name came out as: the key of its derivation and its object."""

    derivation: str
    path: StorePath


@dataclass(frozen=True, slots=True)
class BuildMemo:
    """What is known of a project's builds. `names` are those that the manifest has, in its order."""

    stamp: str
    names: tuple[str, ...]
    sources: Mapping[str, StorePath] = field(default_factory=dict)
    """Path in the project → what it was."""
    builds: Mapping[str, KnownBuild] = field(default_factory=dict)


def memo_stamp(tools: Tools, project: Project) -> str:
    """What a memo of the project as it is now is about."""
    digest = hashlib.sha256(b"devenv builds 1\n")
    recipes = Path(__file__).parents[1] / "packages"
    for path in sorted([*recipes.glob("base/*.star"), *recipes.glob("source/*.star")]):
        digest.update(path.read_bytes() + b"\0")
    digest.update(f"{__version__} {project.digest} {tools.system} {tools.store.root}".encode())
    return digest.hexdigest()


def _memos_path(settings: Settings) -> Path:
    return settings.state / "builds"


def _memo_path(tools: Tools, project: Project) -> Path:
    name = hashlib.sha256(os.fsencode(project.path)).hexdigest()
    return _memos_path(tools.settings) / f"{name}.json"


def remove_old_memos(settings: Settings) -> None:
    """Delete memos that nobody wrote for as long as logs are kept: those of projects that are gone are among them."""
    from devenv.build.records import KEPT_SECONDS

    oldest = time.time() - KEPT_SECONDS
    with contextlib.suppress(FileNotFoundError):
        for path in _memos_path(settings).iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def read_memo(tools: Tools, project: Project, stamp: str) -> BuildMemo | None:
    """The memo about `stamp`; None where there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = json.loads(read_regular(_memo_path(tools, project), SIZE_LIMIT))
        if (record["format"], record["stamp"]) == (FORMAT, stamp):
            return BuildMemo(
                stamp,
                tuple(record["names"]),
                {path: parse_store_path(text) for path, text in record["sources"].items()},
                {name: KnownBuild(key, parse_store_path(text)) for name, (key, text) in record["builds"].items()},
            )
    return None


def write_memo(tools: Tools, project: Project, memo: BuildMemo) -> None:
    """Remember `memo`, with what was known about the same sources."""
    known = read_memo(tools, project, memo.stamp)
    builds = dict(memo.builds)
    sources = dict(memo.sources)
    if known is not None and all(sources.get(path, each) == each for path, each in known.sources.items()):
        builds = {**known.builds, **builds}
        sources = {**known.sources, **sources}
    record = {
        "format": FORMAT,
        "stamp": memo.stamp,
        "names": list(memo.names),
        "sources": {path: str(each) for path, each in sources.items()},
        "builds": {name: [each.derivation, str(each.path)] for name, each in builds.items()},
    }
    path = _memo_path(tools, project)
    make_private_directory(path.parent)
    write_atomic(path, json.dumps(record).encode(), 0o600)
