"""Compares the store with itself: names with contents, rows with what lies on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from devenv.errors import StoreError
from devenv.events import Detail, Report, work
from devenv.store.check import examine
from devenv.store.graph import total_size
from devenv.store.layout import iter_objects
from devenv.store.store import Store
from devenv.store_path import StorePath

MISSING = "missing"
DAMAGED = "damaged"
UNREADABLE = "unreadable"
UNREGISTERED = "unregistered"
DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: what is affected (a store path, or `database`), the kind, and a sentence for people."""

    name: str
    problem: str
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """How much was looked at, and what was found. `size` counts the bytes of NARs."""

    checked: int
    size: int
    findings: tuple[Finding, ...]


def verify_objects(
    store: Store, paths: Iterable[StorePath], report: Report, expected: int | None = None
) -> Verification:
    """Recompute the address of each object at `paths` from its content; `expected` bytes in all, for the progress."""
    checked = size = 0
    findings: list[Finding] = []
    with work(report, "verifying", expected) as advanced:
        for path in paths:
            report(Detail(f"verifying {path}"))
            checked += 1
            found = _verify_object(store, path)
            if isinstance(found, Finding):
                findings.append(found)
            else:
                size += found
                advanced(found)
    return Verification(checked, size, tuple(findings))


def verify_store(store: Store, report: Report) -> Verification:
    """Verify all registered objects, and that database and disk know the same."""
    graph = store.database.read_graph()
    verification = verify_objects(store, graph, report, total_size(graph, graph))
    others = (
        *_iter_unregistered(store, set(graph)),
        *(Finding("database", DATABASE, line) for line in store.database.problems()),
    )
    return Verification(verification.checked, verification.size, verification.findings + others)


def _iter_unregistered(store: Store, known: set[StorePath]) -> Iterator[Finding]:
    for path in iter_objects(store.root):
        if path not in known:
            text = "is not registered: `devenv gc` deletes it, `devenv store rebuild` registers it"
            yield Finding(str(path), UNREGISTERED, text)


def _verify_object(store: Store, path: StorePath) -> Finding | int:
    """What is wrong with the object, or the bytes of its NAR."""
    try:
        examined = examine(store.root, path)
    except FileNotFoundError:
        return Finding(str(path), MISSING, "is registered, and not there")
    except OSError as error:
        return Finding(str(path), UNREADABLE, f"cannot be read: {error.strerror}")
    except StoreError as error:
        return Finding(str(path), DAMAGED, error.message)
    if examined.digest != path.digest:
        return Finding(str(path), DAMAGED, f"has other content than its name says: its digest is {examined.digest}")
    return examined.size
