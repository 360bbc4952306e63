"""What is newer than the lock: what `update` would take, and what only another request would get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from devenv.environment.project import Project, read_project, require_project_path
from devenv.errors import ResolutionError
from devenv.events import Step
from devenv.lock.compare import is_older
from devenv.lock.model import Lock, LockedPackage
from devenv.lock.review import InputChange, Move, PackageChange, Review, Table
from devenv.manifest.model import Manifest, PackageRequest, usual_suite
from devenv.packages.versions import parse_version_request
from devenv.workflow.dated import date_index
from devenv.workflow.review_results import NewerPackage, OutdatedResult
from devenv.workflow.reviewing import find_end_of_life
from devenv.workflow.tools import Tools
from devenv.workflow.update import find_update, review_project

ANY = "*"


def find_outdated(tools: Tools, start: Path) -> OutdatedResult:
    """What is newer than the lock of the project at or above `start`. Writes nothing.

    Raises LockError (`lock-missing`), EvaluationError, FetchError.
    """
    project = read_project(require_project_path(start))
    before = project.require_lock()
    tools.usual_suite = usual_suite(project.manifest.inputs)
    tools.report(Step(f"looking for newer versions for {project.path}"))
    after, held = find_update(tools, project, ())
    review = review_project(tools, project, after)
    packages = tuple(_Looking(tools, project, before, review).iter_newer())
    return OutdatedResult(project.path, packages, _moved_inputs(review), held, find_end_of_life(before))


def _moved_inputs(review: Review) -> tuple[InputChange, ...]:
    """Inputs with newer releases or revisions; devenv's own sets move with devenv and not by an update."""
    return tuple(each for each in review.inputs if None not in each.locators)


class _Looking:
    """Puts together what is known of each package that was asked for."""

    def __init__(self, tools: Tools, project: Project, lock: Lock, review: Review) -> None:
        self._project = project
        self._lock = lock
        changes = (each for each in review.packages if each.table is Table.PACKAGE)
        self._changes = {(each.environment, each.name): each for each in changes}
        self._sets = tools.package_sets(project.manifest, project.path, lock)
        dated = date_index(tools, project.manifest)
        self._index = dated[-1] if dated else tools.index

    def iter_newer(self) -> Iterator[NewerPackage]:
        """The packages that there is something newer of: the default's, then those that environments have otherwise."""
        manifest = self._project.manifest
        yield from self._iter_newer_of(None, manifest, self._lock.packages)
        for name, environment in sorted(self._lock.environments.items()):
            if name in manifest.environments:
                yield from self._iter_newer_of(name, manifest.select(name), environment.packages)

    def _iter_newer_of(
        self, environment: str | None, manifest: Manifest, locked: Mapping[str, LockedPackage]
    ) -> Iterator[NewerPackage]:
        for name, package in sorted(locked.items()):
            wanted = manifest.packages.get(name)
            if wanted is None:
                # The lock does not answer the manifest: what it would, is no news.
                continue
            change = self._changes.get((environment, name))
            within = change.after if change is not None and change.move is Move.NEWER else None
            beyond = self._find_beyond(wanted, package, within or package.version)
            revised = change is not None and change.move is Move.REBUILT and _has_other_files(change)
            if within is not None or beyond is not None or revised:
                yield NewerPackage(name, wanted.version, package.version, within, beyond, revised, environment)

    def _find_beyond(self, wanted: PackageRequest, locked: LockedPackage, newest: str) -> str | None:
        """The newest version of all, where it is newer than what an update gets; None where nobody knows."""
        if wanted.version in {ANY, "latest"} or wanted.overrides.source is not None:
            return None
        from devenv.resolve.resolver import resolve_package

        systems = self._project.manifest.systems or tuple(locked.systems)
        try:
            package = self._sets[wanted.input].package(wanted.name)
            found = resolve_package(package, parse_version_request(ANY), systems, self._index).version
        except ResolutionError:
            return None
        return found if is_older(newest, found) else None


def _has_other_files(change: PackageChange) -> bool:
    """Whether there are newer files of the same version: a revision of Debian's."""
    return any(each.files for each in change.systems)
