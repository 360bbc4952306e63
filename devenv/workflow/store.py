"""Looks after the store: `devenv store …` and `devenv why`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from devenv.environment.project import require_project_path
from devenv.errors import UsageError
from devenv.fsutil import temporary_name
from devenv.generations.generations import find_current_generation, kept_objects
from devenv.generations.roots import Root, find_roots, list_projects, profiles_path
from devenv.store.archive import export_closures, import_archive
from devenv.store.graph import find_chain
from devenv.store.names import require_object
from devenv.store.rebuilding import Rebuilding, rebuild_database
from devenv.store.relocation import relocate
from devenv.store.root_links import add_root_link
from devenv.store.verification import Verification, verify_objects, verify_store
from devenv.store_path import StorePath
from devenv.workflow.store_results import (
    LinkResult,
    RootsResult,
    TransferResult,
    WhyResult,
)
from devenv.workflow.tools import Tools


def list_roots(tools: Tools) -> RootsResult:
    """Everything that keeps objects."""
    return RootsResult(tuple(find_roots(tools.store, tools.settings, list_projects(tools.settings))))


def explain(tools: Tools, name: str) -> WhyResult:
    """What keeps the object `name`. Raises UsageError (`object-unknown`, `object-ambiguous`)."""
    return find_keeper(tools, require_object(tools.store, name))


def find_keeper(tools: Tools, path: StorePath) -> WhyResult:
    """The shortest chain from a root to `path`: from one that lasts, and only where there is none from a process.

    Our own process is none: it names the object because somebody asks.
    """
    graph = tools.store.database.read_graph()
    lasting: dict[StorePath, Root] = {}
    passing: dict[StorePath, Root] = {}
    for root in list_roots(tools).roots:
        if root.process != os.getpid():
            (lasting if root.process is None else passing).setdefault(root.object, root)
    for roots in (lasting, passing):
        chain = tuple(find_chain(graph, roots, path))
        if chain:
            return WhyResult(path, roots[chain[0]], chain)
    return WhyResult(path, None, ())


def verify(tools: Tools, names: Sequence[str]) -> Verification:
    """Compare objects with their names: those of `names`, or the whole store."""
    store = tools.store
    if names:
        return verify_objects(store, [require_object(store, name) for name in names], tools.report)
    return verify_store(store, tools.report)


def rebuild(tools: Tools) -> Rebuilding:
    """Make the database again from the disk."""
    return rebuild_database(tools.settings, tools.report)


def relocate_objects(tools: Tools, places: Sequence[Path]) -> TransferResult:
    """Take objects over from a store of another root."""
    return TransferResult(tuple(relocate(tools.store, places, tools.report)))


def export(tools: Tools, names: Sequence[str], start: Path, output: BinaryIO) -> TransferResult:
    """Write objects with all they refer to into `output`: those of `names`, or what the project here has."""
    targets = _find_targets(tools, names, start)
    return TransferResult(tuple(export_closures(tools.store, targets, output, tools.report)))


def export_file(tools: Tools, names: Sequence[str], start: Path, path: Path) -> TransferResult:
    """The same into a file, which appears when it is complete."""
    return write_archive(tools, _find_targets(tools, names, start), path)


def write_archive(tools: Tools, targets: Sequence[StorePath], path: Path) -> TransferResult:
    """Write `targets` with all they refer to into a file, which appears when it is complete."""
    temporary = path.with_name(temporary_name())
    try:
        with temporary.open("xb") as file:
            exported = export_closures(tools.store, targets, file, tools.report)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return TransferResult(tuple(exported), path)


def _find_targets(tools: Tools, names: Sequence[str], start: Path) -> list[StorePath]:
    return [require_object(tools.store, name) for name in names] or _current_objects(tools, start)


def _current_objects(tools: Tools, start: Path) -> list[StorePath]:
    """The environment of the project, and what its lock is evaluated with, where that is here."""
    project = require_project_path(start)
    generation = find_current_generation(tools.settings, project)
    if generation is None:
        raise UsageError(
            f"`{project}` has no environment yet", hint="run `devenv allow`, or name an object", slug="object-unknown"
        )
    return [path for path in kept_objects(generation) if tools.store.is_complete(path)]


def import_objects(tools: Tools, source: BinaryIO) -> TransferResult:
    """Add what an archive holds."""
    return TransferResult(tuple(import_archive(tools.store, source, tools.report)))


def link(tools: Tools, name: str, place: Path) -> LinkResult:
    """Make `place` a link to an object, which stays as long as the link does. Raises UsageError (`link-occupied`)."""
    path = require_object(tools.store, name)
    add_root_link(tools.store, place, path)
    return LinkResult(Path(os.path.abspath(place)), path)


def link_profile(tools: Tools, name: str, profile: str) -> LinkResult:
    """Make the profile `profile` a link to an object."""
    if not profile or "/" in profile or profile.startswith("."):
        raise UsageError(f"`{profile}` cannot name a profile", hint="use letters and digits", slug="profile-invalid")
    profiles = profiles_path(tools.settings)
    profiles.mkdir(mode=0o700, parents=True, exist_ok=True)
    return link(tools, name, profiles / profile)
