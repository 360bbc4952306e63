"""From the releases of a suite's pockets to the file that answers for it: what to fetch, and what becomes of it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from devenv.digest import blake3_key
from devenv.errors import FetchError
from devenv.fetch.debian.access import DebianArchive
from devenv.fetch.debian.package_indexes import FetchedIndex, IndexFile, find_index_file
from devenv.fetch.debian.release_cache import PocketRelease
from devenv.fetch.debian.source_database import write_source_database
from devenv.fetch.debian.suite_database import iter_newest, lock_path, write_database
from devenv.fsutil import locked, make_private_directory
from devenv.system import System


@dataclass(frozen=True, slots=True)
class SuitePart:
    """A pocket: its archive, and its release."""

    archive: DebianArchive
    kept: PocketRelease


@dataclass(frozen=True, slots=True)
class SuitePlan:
    """A file that answers for a suite and a system (None: for its source packages), and what it is made from."""

    suite: str
    system: System | None
    path: Path
    files: tuple[IndexFile, ...]

    @property
    def revision(self) -> str:
        """What tells files apart that are made from other indexes."""
        return blake3_key("".join(f"{file.name} {file.sha256}\n" for file in self.files).encode())


def plan_files(parts: Sequence[SuitePart], architecture: str) -> tuple[IndexFile, ...]:
    """The package indexes of all `parts`; the largest, that of the first pocket's first component, comes first.

    Raises FetchError (`index-invalid`) where that one is missing.
    """
    files = [
        file
        for part in parts
        for component in part.archive.components
        if (file := find_index_file(part.kept, part.archive.name, component, architecture)) is not None
    ]
    if not files or not files[0].name.startswith(f"{parts[0].kept.pocket} {parts[0].archive.components[0]} "):
        raise FetchError(
            f"the release of `{parts[0].kept.pocket}` lists no package index for {architecture}",
            hint="try another mirror: `mirrors` under `[registries.debian]` in devenv's settings",
            slug="index-invalid",
        )
    return tuple(files)


def make_database(plan: SuitePlan, indexes: Sequence[FetchedIndex]) -> None:
    """Make the file of `plan` from `indexes`, which are those of its files. The caller holds its lock.

    Raises FetchError: `index-invalid`, `cache-unwritable`.
    """
    first, *others = indexes
    try:
        if plan.system is None:
            sources = iter_newest(
                chain.from_iterable(index.source_records() for index in others), first.source_records()
            )
            write_source_database(plan.path, plan.revision, sources)
        else:
            records = iter_newest(chain.from_iterable(index.records() for index in others), first.records())
            write_database(plan.path, plan.revision, records)
    except ValueError as error:
        raise FetchError(
            f"the package index of `debian:{plan.suite}` cannot be used: {error}", slug="index-invalid"
        ) from error
    except OSError as error:
        raise unwritable_error(plan.path, error.strerror or str(error)) from error
    except sqlite3.Error as error:
        raise unwritable_error(plan.path, str(error)) from error


@contextlib.contextmanager
def lock_database(path: Path) -> Iterator[None]:
    """Let no other process make the file at `path` meanwhile. Raises FetchError (`cache-unwritable`)."""
    with contextlib.ExitStack() as stack:
        try:
            make_private_directory(path.parent)
            stack.enter_context(locked(lock_path(path)))
        except OSError as error:
            raise unwritable_error(path, error.strerror or str(error)) from error
        yield


def unwritable_error(path: Path, reason: str) -> FetchError:
    """The error for a file that cannot be made."""
    return FetchError(
        f"`{path}` cannot be written: {reason}",
        hint="make room there, or move `cache` elsewhere in devenv's settings",
        slug="cache-unwritable",
    )
