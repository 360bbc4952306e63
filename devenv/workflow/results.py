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
class ReplacedFile:
    """A file of a package that was pinned anew on purpose, with both hashes (SHA-256; None: it is not pinned)."""

    package: str
    file: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class LockResult:
    """A lock was made or kept. `lacking`: systems that it does not cover, each with the reason."""

    project: Path
    changed: bool
    packages: tuple[PackageVersion, ...]
    systems: tuple[System, ...]
    lacking: Mapping[System, str]
    replaced: tuple[ReplacedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class UnsatisfiedReason:
    """A way in which a lock does not answer: what kind, about which package (None: about the whole), and in words.

    `environment`: the named environment that it is about; None: the default, or what all have.
    """

    kind: str
    package: str | None
    message: str
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class LockCheckResult:
    """Whether a lock answers its manifest: it does if there are no reasons."""

    project: Path
    reasons: tuple[UnsatisfiedReason, ...]


@dataclass(frozen=True, slots=True)
class EditResult:
    """Packages were added to, changed in or removed from the manifest; `environment` is what it gives here now.

    `newly_lacking` are those of `lacking` that the lock before did not lack already.
    """

    project: Path
    added: tuple[PackageVersion, ...]
    removed: tuple[str, ...]
    environment: StorePath
    allowed: bool
    systems: tuple[System, ...]
    lacking: Mapping[System, str]
    newly_lacking: tuple[System, ...] = ()


@dataclass(frozen=True, slots=True)
class InitResult:
    """A project was made from a template; `files` are those that were written, relative to it."""

    project: Path
    template: str
    files: tuple[str, ...]
    allowed: bool = True
    """False where somebody else wrote them."""


@dataclass(frozen=True, slots=True)
class TemplatesResult:
    """The names of the templates."""

    templates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """Shells enter the project in this generation; `changed`: they did not before."""

    project: Path
    generation: int
    changed: bool


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
    environments: tuple[str, ...] = ()
    """The named ones, beside the default that all else here is about."""


@dataclass(frozen=True, slots=True)
class FoundPackage:
    """A package that a search found."""

    name: str
    summary: str
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundDebian:
    """A Debian package that a search found: what to add it as, and its upstream version in each suite that has it."""

    name: str
    """`debian:htop`, or `debian:bookworm/htop` where the suite that `debian:` means here does not have it."""
    summary: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first: in `builtin:base`, and in Debian's suites.

    `omitted` counts Debian packages beyond those in `debian`. `suites` says how many packages each suite has; None
    where the suites were searched.
    """

    words: tuple[str, ...]
    packages: tuple[FoundPackage, ...]
    debian: tuple[FoundDebian, ...] = ()
    omitted: int = 0
    suites: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class OfferedVersion:
    """A version with the systems it is there for, each with what it needs to run (`glibc-2.28`) or None."""

    version: str
    systems: Mapping[System, str | None]


@dataclass(frozen=True, slots=True)
class InfoResult:
    """What is known of a package; `versions` are the newest ones, newest first, of `version_count` in all.

    `sources` are locators; `variables` are those that environments with it set.
    """

    name: str
    summary: str
    license: str
    homepage: str | None
    sources: tuple[str, ...]
    programs: tuple[str, ...]
    variables: tuple[str, ...]
    version_count: int
    versions: tuple[OfferedVersion, ...]


@dataclass(frozen=True, slots=True)
class SuiteVersion:
    """What a suite has of a Debian package: the version to ask for, Debian's own, and the systems that it is for."""

    suite: str
    version: str
    debian_version: str
    systems: tuple[System, ...]


@dataclass(frozen=True, slots=True)
class DebianClosure:
    """A Debian package with what it depends on: a number of packages, and the bytes to download, for one system."""

    system: System
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class DebianInfoResult:
    """What is known of a Debian package; `name` is what to add it as, `versions` are by suite, the newest first.

    `closure` is None where what it depends on cannot be had, for the reason in `defect`. `omitted` is why other
    packages go without it, where they do.
    """

    name: str
    summary: str
    homepage: str | None
    section: str
    versions: tuple[SuiteVersion, ...]
    closure: DebianClosure | None
    defect: str | None = None
    omitted: str | None = None


@dataclass(frozen=True, slots=True)
class CacheContent:
    """What one cache holds: a number of files, and bytes."""

    count: int
    size: int
    limit: int | None
    """Bytes; None where files go by their age alone."""


@dataclass(frozen=True, slots=True)
class CacheResult:
    """What the caches hold."""

    artifacts: CacheContent
    pages: CacheContent
    debian: CacheContent
    repositories: CacheContent


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
    debian: CacheContent
    repositories: CacheContent
    removed_artifacts: CacheRemoval
    removed_pages: CacheRemoval
    removed_debian: CacheRemoval
    removed_repositories: CacheRemoval
    leftovers: int


@dataclass(frozen=True, slots=True)
class MirrorResult:
    """A directory has all files that a project's lock pins for `systems`: a number of files, and bytes, in all.

    `written` and `written_size` are those that were not there before, or were damaged.
    """

    project: Path
    directory: Path
    systems: tuple[System, ...]
    count: int
    size: int
    written: int
    written_size: int


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """A package that was tried: the version, the seconds that it took, and what went wrong, a line each.

    `lacking` says why this system cannot have it.
    """

    name: str
    version: str | None
    seconds: float
    failures: tuple[str, ...]
    lacking: str | None = None


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """The packages that were tried, in their order."""

    tests: tuple[SmokeTest, ...]


@dataclass(frozen=True, slots=True)
class FormatterRun:
    """A formatter, and how many files it was given."""

    name: str
    files: int


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file, relative to the project, that formatters changed or would change.

    `diff` is a unified one of at most 64 KiB; None where it was changed, or is no text, or too large to compare.
    """

    path: str
    diff: str | None = None


@dataclass(frozen=True, slots=True)
class FormatResult:
    """The project's formatters ran; with `check` on a copy, so that nothing changed yet."""

    project: Path
    check: bool
    formatters: tuple[FormatterRun, ...]
    files: int
    """How many files were given to at least one of them."""
    changes: tuple[FileChange, ...]
