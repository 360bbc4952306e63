"""What is answered anew though the lock has an answer: packages, dependencies and the runtime, each by itself."""

from __future__ import annotations

from functools import partial

import pytest

from devenv.environment.answers import LockRequest, Moving
from devenv.environment.derive import PackageSets
from devenv.environment.locking import lock_manifest
from devenv.environment.needs import make_find_needs
from devenv.lock.compare import review_locks
from devenv.lock.model import RUNTIME_NAME, Lock
from devenv.lock.review import Cause, Move, Review, Table
from devenv.packages.debian_set import DebianSet
from devenv.packages.package_set import PackageSet
from devenv.system import System
from tests.unit.environment.conftest import MemoryIndex
from tests.unit.environment.test_debian_locking import RUNTIME, TRIXIE, WHEELS, make_debian, manifest
from tests.unit.environment.test_source_locking import RECIPES, VERSIONS, from_source, make_source_set
from tests.unit.environment.test_source_locking import make_index as make_source_index
from tests.unit.environment.test_source_locking import manifest as source_manifest

WANTED = manifest(seetop="*", jq="1.7", just="*")
LATER = {**TRIXIE, "seetop": "3.5-1", "jq": "1.7.1-7", **dict.fromkeys(RUNTIME, "2-1")}


@pytest.fixture
def update(base_set: PackageSet) -> partial[tuple[Lock, Review]]:
    """Locks with the first index, then moves with a later one."""
    return partial(update_with, base_set)


def update_with(base_set: PackageSet, moving: Moving, later: MemoryIndex | None = None) -> tuple[Lock, Review]:
    sets: PackageSets = {"base": base_set, "debian": DebianSet("trixie")}
    before = lock_manifest(LockRequest(WANTED, None, sets), make_debian())
    index = later or make_debian(LATER)
    index.release_date = "2026-12-01T00:00:00Z"
    after = lock_manifest(LockRequest(WANTED, before, sets, moving=moving), index)
    return before, review_locks(before, after, make_find_needs(WANTED, after, sets))


def test_nothing_moves_unless_named(update: partial[tuple[Lock, Review]]) -> None:
    """What the lock answers stays, whatever the suite has by now."""
    assert not update(Moving())[1]


def test_one_package_moves(update: partial[tuple[Lock, Review]]) -> None:
    """A package moves alone; what else is of its suite stays, while the input tells its new release."""
    review = update(Moving(frozenset({"seetop"})))[1]
    assert [(each.name, each.move, each.before, each.after) for each in review.packages] == [
        ("seetop", Move.NEWER, "3.4", "3.5")
    ]
    (moved,) = review.inputs
    assert [(each.name, each.after) for each in moved.releases] == [("trixie", "2026-12-01T00:00:00Z")]


def test_new_revision_of_debian_is_a_rebuild(update: partial[tuple[Lock, Review]]) -> None:
    """The same upstream version in another revision of Debian's is told with Debian's own versions."""
    (change,) = update(Moving(frozenset({"jq"})))[1].packages
    assert (change.name, change.move, change.after) == ("jq", Move.REBUILT, "1.7.1")
    assert {each.reasons[0].cause for each in change.systems} == {Cause.FILES}
    assert {(file.name, file.before, file.after) for each in change.systems for file in each.files} == {
        ("jq", "1.7.1-6", "1.7.1-7")
    }


def test_runtime_moves_what_runs_on_it(update: partial[tuple[Lock, Review]]) -> None:
    """A runtime that moves is why programs from wheels are made again, where they run on it, and nothing else is."""
    review = update(Moving(runtime=True))[1]
    assert [(each.table, each.name) for each in review.packages] == [
        (Table.PACKAGE, "just"),
        (Table.RUNTIME, RUNTIME_NAME),
    ]
    just = review.packages[0]
    assert just.move is Move.REBUILT
    assert {each.system for each in just.systems} == {System.X86_64_LINUX, System.AARCH64_LINUX}
    assert all([reason.cause for reason in each.reasons] == [Cause.RUNTIME] for each in just.systems)


def test_runtime_stays_without_an_archive(update: partial[tuple[Lock, Review]]) -> None:
    """Who has no archive configured updates what there is, and the locked runtime stays."""
    before, review = update(Moving(frozenset({"just"}), runtime=True), MemoryIndex(WHEELS))
    assert before.runtime is not None
    assert not review


def test_dependency_moves_what_is_built_with_it(base_set: PackageSet) -> None:
    """A dependency that moves is why packages are built again that are built with it, and theirs in turn."""
    wanted = source_manifest(from_source("curl"), from_source("zlib-ng"))
    sets: PackageSets = {"base": base_set, "source": make_source_set(RECIPES)}
    before = lock_manifest(LockRequest(wanted, None, sets), make_source_index(base_set))
    index = make_source_index(base_set, {**VERSIONS, "zlib": "3.2-1", "curl": "1.9-1"})
    moving = Moving(dependencies=frozenset({"zlib"}))
    after = lock_manifest(LockRequest(wanted, before, sets, moving=moving), index)
    review = review_locks(before, after, make_find_needs(wanted, after, sets))
    moves = {each.name: (each.move, [reason.names for reason in each.systems[0].reasons]) for each in review.packages}
    assert moves == {
        "curl": (Move.REBUILT, [("openssl", "zlib")]),
        "openssl": (Move.REBUILT, [("zlib",)]),
        "zlib": (Move.NEWER, []),
    }
