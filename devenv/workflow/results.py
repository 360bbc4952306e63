"""What verbs return: plain values, which `devenv.ui` spells for people or for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devenv.store_path import StorePath
from devenv.system import System


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """A package, the request in the manifest, and the version that the lock answers it with."""

    name: str
    request: str
    version: str


@dataclass(frozen=True, slots=True)
class LockResult:
    """A lock was made or kept. `lacking`: systems that it does not cover, each with the reason."""

    project: Path
    changed: bool
    packages: tuple[PackageVersion, ...]
    systems: tuple[System, ...]
    lacking: Mapping[System, str]


@dataclass(frozen=True, slots=True)
class EditResult:
    """Packages were added to, changed in or removed from the manifest; `environment` is what it gives here now."""

    project: Path
    added: tuple[PackageVersion, ...]
    removed: tuple[str, ...]
    environment: StorePath
    allowed: bool
    systems: tuple[System, ...]
    lacking: Mapping[System, str]


@dataclass(frozen=True, slots=True)
class InitResult:
    """A project was made from a template; `files` are those that were written, relative to it."""

    project: Path
    template: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplatesResult:
    """The names of the templates."""

    templates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllowResult:
    """A project was allowed, with the packages, variables and code that this lets act."""

    project: Path
    environment: StorePath
    generation: int
    packages: tuple[PackageVersion, ...]
    variables: tuple[str, ...]
    has_hook: bool


@dataclass(frozen=True, slots=True)
class DenyResult:
    """A project was denied."""

    project: Path


@dataclass(frozen=True, slots=True)
class StatusResult:
    """Where a project stands. Of one that is not allowed nothing is read beyond its digest: the rest is None."""

    project: Path
    trust: str
    lock: str | None = None
    unsatisfied: tuple[str, ...] = ()
    packages: tuple[PackageVersion, ...] = ()
    systems: tuple[System, ...] = ()
    generation: int | None = None
    environment: StorePath | None = None
    realized: bool | None = None


@dataclass(frozen=True, slots=True)
class FoundPackage:
    """A package that a search found."""

    name: str
    summary: str
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first."""

    words: tuple[str, ...]
    packages: tuple[FoundPackage, ...]


@dataclass(frozen=True, slots=True)
class OfferedVersion:
    """A version with the systems it is there for, each with what it needs to run (`glibc-2.28`) or None."""

    version: str
    systems: Mapping[System, str | None]


@dataclass(frozen=True, slots=True)
class InfoResult:
    """What is known of a package; `versions` are the newest ones, newest first, of `version_count` in all."""

    name: str
    summary: str
    license: str
    homepage: str | None
    programs: tuple[str, ...]
    version_count: int
    versions: tuple[OfferedVersion, ...]


@dataclass(frozen=True, slots=True)
class CacheContent:
    """What one cache holds: a number of files, and bytes."""

    count: int
    size: int
    limit: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class CacheResult:
    """What the caches hold."""

    artifacts: CacheContent
    pages: CacheContent


@dataclass(frozen=True, slots=True)
class CacheRemoval:
    """What went out of one cache: a number of files, and bytes."""

    count: int
    size: int


@dataclass(frozen=True, slots=True)
class CacheCleanResult:
    """The caches were cleaned, or (`dry_run`) would be: what they hold then, and what has gone.

    `leftovers` counts what killed processes left.
    """

    dry_run: bool
    artifacts: CacheContent
    pages: CacheContent
    removed_artifacts: CacheRemoval
    removed_pages: CacheRemoval
    leftovers: int
