"""Locking without a network: an index in memory, and the package set that devenv ships."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pytest

import devenv.packages
from devenv.debian.record import DebRecord
from devenv.debian.source_record import SourceFile, SourceRecord
from devenv.environment.answers import LockRequest
from devenv.environment.locking import lock_manifest
from devenv.fetch.debian.index import SuiteRelease
from devenv.lock.model import Lock
from devenv.manifest.model import Manifest
from devenv.packages.package_set import BASE_LABEL, PackageSet, read_base_set
from devenv.packages.wheels import WheelFile
from devenv.system import System

MakeLock = Callable[..., Lock]
EditSet = Callable[[str, str, str], PackageSet]


class MemorySuite:
    """A `DebIndex` over records; nothing provides anything but itself."""

    def __init__(self, records: Iterable[DebRecord]) -> None:
        self._records = {record.name: record for record in records}

    def find(self, name: str) -> DebRecord | None:
        return self._records.get(name)

    def providers(self, name: str) -> Sequence[tuple[DebRecord, str | None]]:
        del name
        return ()

    def names(self) -> Sequence[str]:
        return tuple(self._records)


def make_record(name: str, version: str, architecture: str, depends: str = "") -> DebRecord:
    digest = hashlib.sha256(f"{name} {version} {architecture}".encode()).hexdigest()
    file = f"pool/main/{name[0]}/{name}/{name}_{version}_{architecture}.deb"
    return DebRecord(
        name=name,
        version=version,
        architecture=architecture,
        section="misc",
        summary=name,
        homepage=None,
        depends=depends,
        provides="",
        multi_arch="",
        essential=False,
        filename=file,
        size=len(file),
        sha256=digest,
        archive="main",
    )


class MemorySources:
    """A `SourceIndex` over names and versions; each package has one archive."""

    def __init__(self, versions: Mapping[str, str]) -> None:
        self._versions = versions

    def find(self, name: str) -> SourceRecord | None:
        if name not in self._versions:
            return None
        version = self._versions[name]
        path = f"pool/main/{name[0]}/{name}/{name}_{version.partition('-')[0]}.orig.tar.gz"
        digest = hashlib.sha256(path.encode()).hexdigest()
        return SourceRecord(name, version, (SourceFile("orig", path, len(path), digest, "main"),))


class MemoryIndex:
    """A `LockingIndex` over file names (project → names); `asked` is what was asked of it, in order."""

    def __init__(
        self,
        projects: Mapping[str, Sequence[str]],
        suites: Mapping[tuple[str, System], MemorySuite] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """`sources` has the source packages of every suite: name → version."""
        self._projects = projects
        self._sources = dict(sources or {})
        self._suites = dict(suites or {})
        self.release_date = "2026-11-20T02:11:10Z"
        self.asked: list[str] = []

    def wheels_of(self, projects: Iterable[str]) -> Mapping[str, Sequence[WheelFile]]:
        pages = {}
        for project in projects:
            self.asked.append(project)
            pages[project] = [make_wheel(name) for name in self._projects.get(project, ())]
        return pages

    def sizes_of(self, files: Iterable[WheelFile]) -> Mapping[str, int]:
        return {file.sha256: len(file.filename) for file in files}

    def has_suites(self) -> bool:
        return bool(self._suites)

    def open_suites(self, wanted: Collection[tuple[str, System | None]]) -> None:
        self.asked += sorted({f"debian:{suite}" for suite, _ in wanted})

    def sources(self, suite: str) -> MemorySources:
        del suite
        return MemorySources(self._sources)

    def set_suite(self, suite: str, system: System, packages: MemorySuite) -> None:
        self._suites[suite, system] = packages

    def suite(self, suite: str, system: System) -> MemorySuite:
        return self._suites[suite, system]

    def release(self, suite: str) -> SuiteRelease:
        return SuiteRelease(suite, {suite: self.release_date}, f"blake3:{'5' * 64}")


def make_wheel(name: str) -> WheelFile:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return WheelFile(name, f"pypi:packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name}", digest)


@pytest.fixture(scope="session")
def make_index() -> Callable[[Mapping[str, Sequence[str]]], MemoryIndex]:
    return MemoryIndex


@pytest.fixture(scope="session")
def base_set() -> PackageSet:
    return read_base_set()


@pytest.fixture(scope="session")
def edit_set() -> EditSet:
    """Makes `builtin:base` with a text replaced in the recipe of one package: another devenv's."""

    def edit(name: str, old: str, new: str) -> PackageSet:
        directory = Path(devenv.packages.__file__).parent / "base"
        files = {path.relative_to(directory).as_posix(): path.read_text("utf-8") for path in directory.rglob("*.star")}
        path = f"packages/{name}.star"
        assert old in files[path]
        return PackageSet(BASE_LABEL, {**files, path: files[path].replace(old, new)})

    return edit


@pytest.fixture(scope="session")
def make_lock(base_set: PackageSet) -> MakeLock:
    """Locks a manifest against an index; `previous` is the lock so far, `packages` the set if it is another one."""

    def make(
        manifest: Manifest, index: MemoryIndex, previous: Lock | None = None, packages: PackageSet | None = None
    ) -> Lock:
        return lock_manifest(LockRequest(manifest, previous, {"base": packages or base_set}), index)

    return make
