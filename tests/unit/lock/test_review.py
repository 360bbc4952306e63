"""What tells two locks apart: moved, added, removed and rebuilt packages, why, inputs, sizes of downloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from devenv.lock.compare import is_older, review_locks
from devenv.lock.components import FileChange, compare_files
from devenv.lock.model import (
    RUNTIME_NAME,
    Lock,
    LockedArtifact,
    LockedBuild,
    LockedEnvironment,
    LockedInput,
    LockedPackage,
)
from devenv.lock.review import (
    Cause,
    Move,
    Needs,
    PackageChange,
    Reason,
    ReleaseChange,
    Review,
    SizeChange,
    Table,
)
from devenv.system import System

LINUX, ARM, MAC = System.X86_64_LINUX, System.AARCH64_LINUX, System.AARCH64_DARWIN


def key(text: str) -> str:
    return "blake3:" + text.encode().hex().ljust(64, "0")


def deb(name: str, version: str, size: int = 10, digit: str | None = None) -> LockedArtifact:
    sha256 = (digit or f"{name}{version}".encode().hex()).ljust(64, "0")[:64]
    return LockedArtifact(f"debian:pool/main/{name}/{name}_{version}_amd64.deb", sha256, size)


def package(
    name: str, version: str = "1.0", derivation: str = "a", *files: LockedArtifact, input_name: str = "base"
) -> LockedPackage:
    build = LockedBuild(files, key(derivation))
    return LockedPackage(name, input_name, "*", version, {LINUX: build, ARM: build})


BASE = LockedInput("base", "builtin:base", key("base"))
SUITE = LockedInput("debian", "debian:trixie", key("suite"), {"trixie": "2026-11-01T00:00:00Z"})


def lock(
    *packages: LockedPackage,
    dependencies: tuple[LockedPackage, ...] = (),
    runtime: LockedPackage | None = None,
    inputs: tuple[LockedInput, ...] = (BASE, SUITE),
) -> Lock:
    def by_name(table: tuple[LockedPackage, ...]) -> Mapping[str, LockedPackage]:
        return {each.name: each for each in table}

    return Lock(
        key("manifest"), {each.name: each for each in inputs}, by_name(packages), runtime, by_name(dependencies)
    )


def only(review: Review) -> PackageChange:
    (change,) = review.packages
    return change


def test_same_locks_have_no_review() -> None:
    """A lock beside itself says nothing but sizes, whatever came out of its derivations meanwhile."""
    one = lock(package("tool", "1.0", "a", deb("tool", "1.0-1")))
    review = review_locks(one, one)
    assert not review
    assert review.downloads[LINUX] == SizeChange(10, 10, 0)


def test_first_lock_adds_everything() -> None:
    """Without a lock before, all packages and inputs came."""
    review = review_locks(None, lock(package("tool")))
    assert [(each.name, each.move, each.before, each.after) for each in review.packages] == [
        ("tool", Move.ADDED, None, "1.0")
    ]
    assert [each.name for each in review.inputs] == ["base", "debian"]


@pytest.mark.parametrize(
    ("before", "after", "move"),
    [("1.9", "1.10", Move.NEWER), ("1.10", "1.9", Move.OLDER), ("1.0", "1.0", Move.REBUILT)],
)
def test_moves(before: str, after: str, move: Move) -> None:
    """Versions are compared as versions, so that going back is seen (G-19); a new key alone is a rebuild."""
    change = only(review_locks(lock(package("tool", before, "a")), lock(package("tool", after, "b"))))
    assert (change.move, change.before, change.after) == (move, before, after)
    assert [each.system for each in change.systems] == [ARM, LINUX]


def test_removed_and_lacking() -> None:
    """A package that went is told as a whole; one that is gone from a system says why the lock lacks it there."""
    gone = only(review_locks(lock(package("tool")), lock()))
    assert (gone.move, gone.after) == (Move.REMOVED, None)
    narrowed = replace(package("tool"), systems={LINUX: LockedBuild((), key("a"))}, lacking={ARM: "no file for it"})
    change = only(review_locks(lock(package("tool")), lock(narrowed)))
    assert change.move is Move.SCOPE
    assert [(each.system, each.after, each.lacking) for each in change.systems] == [(ARM, None, "no file for it")]


def test_other_request_alone() -> None:
    """That a manifest asks otherwise for what stays is a change of scope."""
    change = only(review_locks(lock(package("tool")), lock(replace(package("tool"), request="1"))))
    assert (change.move, change.requests, change.systems) == (Move.SCOPE, ("*", "1"), ())


def reasons(before: Lock, after: Lock, needs: Needs | None) -> tuple[Reason, ...]:
    review = review_locks(before, after, lambda *_: needs)
    change = next(each for each in review.packages if each.table is Table.PACKAGE)
    assert change.systems[0].reasons == change.systems[1].reasons
    return change.systems[0].reasons


@pytest.mark.parametrize("needs", [None, Needs()])
def test_rebuilt_for_its_files(needs: Needs | None) -> None:
    """Other files of the same version explain another derivation, and are named with their own versions."""
    before, after = (lock(package("tool", "1.0", each, deb("tool", f"1.0-{each}"))) for each in "12")
    assert reasons(before, after, needs) == (Reason(Cause.FILES),)
    change = only(review_locks(before, after))
    assert change.systems[0].files == (FileChange("tool", "1.0-1", "1.0-2"),)


def test_rebuilt_for_its_overrides() -> None:
    """What the manifest changes in how it is built is named."""
    other = replace(package("tool", "1.0", "b"), overrides=key("flags"))
    assert reasons(lock(package("tool")), lock(other), Needs()) == (Reason(Cause.OVERRIDES),)


def test_rebuilt_for_what_it_is_built_with() -> None:
    """Of dependencies that changed those count that it is built with; where nobody knows them, all may."""
    before, after = (
        lock(package("tool", "1.0", each), dependencies=(package("zlib", "1.3", each), package("expat", "2", each)))
        for each in "12"
    )
    assert reasons(before, after, Needs(frozenset({"zlib", "perl"}))) == (Reason(Cause.DEPENDENCY, ("zlib",)),)
    assert reasons(before, after, None) == (Reason(Cause.DEPENDENCY, ("expat", "zlib"), certain=False),)


def test_rebuilt_for_the_runtime() -> None:
    """A new runtime changes what runs on it, and is told so."""
    before, after = (lock(package("tool", "1.0", each), runtime=package(RUNTIME_NAME, "2.41", each)) for each in "12")
    assert reasons(before, after, Needs(runtime=True)) == (Reason(Cause.RUNTIME),)
    assert reasons(before, after, Needs()) == (Reason(Cause.DEVENV),)
    assert reasons(before, after, None) == (Reason(Cause.RUNTIME, certain=False),)


def test_rebuilt_for_its_recipe() -> None:
    """With the same files and needs it is the recipe, where its set is in another state; else devenv itself."""
    other = replace(BASE, revision=key("other"))
    before, after = lock(package("tool")), package("tool", "1.0", "b")
    assert reasons(before, lock(after, inputs=(other, SUITE)), Needs()) == (Reason(Cause.RECIPE, ("base",)),)
    assert reasons(before, lock(after), Needs()) == (Reason(Cause.DEVENV),)


def test_inputs() -> None:
    """Of an input the revision and each release are told, with releases that go back (G-19)."""
    moved = replace(
        SUITE,
        revision=key("new"),
        releases={"trixie": "2026-10-01T00:00:00Z", "trixie-updates": "2026-12-01T00:00:00Z"},
    )
    (change,) = review_locks(lock(), lock(inputs=(BASE, moved))).inputs
    assert change.revisions == (key("suite"), key("new"))
    assert change.releases == (
        ReleaseChange("trixie", "2026-11-01T00:00:00Z", "2026-10-01T00:00:00Z"),
        ReleaseChange("trixie-updates", None, "2026-12-01T00:00:00Z"),
    )
    assert [each.goes_back for each in change.releases] == [True, False]


def test_downloads_count_each_file_once() -> None:
    """What two packages share is downloaded once, and what the lock had before need not be again."""
    shared, old, new = deb("libc", "2", 100), deb("tool", "1.0-1", 10), deb("tool", "1.0-2", 13)
    before, after = (
        lock(package("tool", "1.0", each.sha256[:8], each, shared), package("other", "1.0", "x", shared))
        for each in (old, new)
    )
    assert review_locks(before, after).downloads == dict.fromkeys((ARM, LINUX), SizeChange(110, 113, 13))
    assert MAC not in review_locks(before, after).downloads


def test_replaced_file() -> None:
    """A file of the very same name with other content is told apart from a new version."""
    before, after = deb("tool", "1.0-1", digit="1"), deb("tool", "1.0-1", digit="2")
    assert list(compare_files([before], [after])) == [FileChange("tool", "1.0-1", "1.0-1", replaced=True)]


def test_files_by_kind() -> None:
    """Debian packages, archives and wheels are named with their versions; other files by their whole names."""
    wheel = LockedArtifact("pypi:packages/ab/nodejs_bin-24.1.0-py3-none-any.whl", "1" * 64, 1)
    newer = LockedArtifact("pypi:packages/cd/nodejs_bin-24.2.0-py3-none-any.whl", "2" * 64, 1)
    archive = LockedArtifact("debian:pool/main/z/zlib/zlib_1.3.orig.tar.xz", "3" * 64, 1)
    assert list(compare_files([wheel], [newer, archive])) == [
        FileChange("nodejs_bin", "24.1.0", "24.2.0"),
        FileChange("zlib", None, "1.3.orig.tar.xz"),
    ]


def test_order_of_packages() -> None:
    """Packages that were asked for come first, then dependencies, then the runtime; each table by name."""
    after = lock(package("b"), package("a"), dependencies=(package("c"),), runtime=package(RUNTIME_NAME, "2.41"))
    assert [each.name for each in review_locks(None, after).packages] == ["a", "b", "c", RUNTIME_NAME]


@pytest.mark.parametrize(
    ("version", "other", "older"), [("1.9", "1.10", True), ("odd-1", "odd-2", True), ("2", "2", False)]
)
def test_order_of_versions(version: str, other: str, *, older: bool) -> None:
    """Versions have an order even where they are not those of a standard."""
    assert is_older(version, other) is older


def test_environments() -> None:
    """What a named environment has otherwise is compared with what it had of the default, where both ask alike."""
    before = lock(package("tool", "1.0", "a"), package("other", "1.0", "a"))
    other_request = replace(package("other", "0.9", "c"), request="0")
    own = LockedEnvironment({"tool": package("tool", "1.1", "b"), "other": other_request})
    after = replace(before, environments={"ci": own})
    there = review_locks(before, after).packages
    assert [(each.environment, each.name, each.move, each.before, each.after) for each in there] == [
        ("ci", "other", Move.ADDED, None, "0.9"),
        ("ci", "tool", Move.NEWER, "1.0", "1.1"),
    ]
    back = {each.name: (each.move, each.before, each.after) for each in review_locks(after, before).packages}
    assert back == {"other": (Move.REMOVED, "0.9", None), "tool": (Move.OLDER, "1.1", "1.0")}
