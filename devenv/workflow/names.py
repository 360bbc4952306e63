"""Names of packages, for shells that complete what somebody types: nothing is evaluated, verified anew or asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from devenv.debian.suites import DEBIAN, SUITES
from devenv.settings import Settings
from devenv.system import host_system

NAMES_LIMIT = 5000
"""Debian names beyond which there are none: a shell would only ask whether to show them all."""


def iter_base_names(start: str) -> Iterator[str]:
    """The packages of `builtin:base` whose names begin with `start`."""
    from devenv.packages.package_set import read_base_set

    return (name for name in read_base_set().names() if name.startswith(start))


def iter_source_names(start: str) -> Iterator[str]:
    """What begins with `start`, `source:` included: packages of `builtin:source`."""
    from devenv.packages.package_set import SOURCE_PREFIX, read_source_set

    if not start.startswith(SOURCE_PREFIX):
        if start and SOURCE_PREFIX.startswith(start):
            yield SOURCE_PREFIX
        return
    names = read_source_set().names()
    yield from (SOURCE_PREFIX + name for name in names if (SOURCE_PREFIX + name).startswith(start))


def iter_manifest_names(
    settings: Settings, directory: Path, start: str, tables: Sequence[str] = ("packages",)
) -> Iterator[str]:
    """What begins with `start` in the manifest of the project at or above `directory`, each name once.

    `tables` are the attributes of a `Manifest` that are looked at, one after the other. Of a project that is not
    allowed there is nothing (FAULTS L-07). Raises UsageError, ManifestError, TrustError.
    """
    from devenv.activation.trust import Trust
    from devenv.environment.project import read_project, require_project_path
    from devenv.workflow.allowed import find_trust

    project = read_project(require_project_path(directory))
    if find_trust(settings, project) is not Trust.ALLOWED:
        return iter(())
    names = dict.fromkeys(name for table in tables for name in getattr(project.manifest, table))
    return (name for name in names if name.startswith(start))


def iter_debian_names(settings: Settings, start: str) -> Iterator[str]:
    """What begins with `start`, `debian:` included: the suites, and packages of those that are kept here, by name.

    Raises FetchError (`keyring-invalid`), ActivationError (`system-unknown`).
    """
    if not start.startswith(DEBIAN):
        # With the suites behind it, so that a shell puts no space there: a name is to follow.
        if DEBIAN.startswith(start):
            yield from (DEBIAN, *(f"{DEBIAN}{each}/" for each in SUITES))
        return
    suite, slash, name = start.removeprefix(DEBIAN).rpartition("/")
    if not slash:
        yield from (f"{DEBIAN}{each}/" for each in SUITES if each.startswith(name))
    if name:
        head = f"{DEBIAN}{suite}{slash}"
        yield from (head + each for each in _find_names(settings, suite, name))


def _find_names(settings: Settings, suite: str, start: str) -> list[str]:
    """The packages of a suite (empty: of all that are kept) whose names begin with `start`; none if too many do."""
    from devenv.fetch.debian.kept_suites import open_kept_suites

    found: set[str] = set()
    for each, index in open_kept_suites(settings, host_system()).items():
        with index:
            if suite in {"", each}:
                found.update(index.names(start, NAMES_LIMIT + 1))
    return sorted(found) if len(found) <= NAMES_LIMIT else []
