"""Whether a lock answers a manifest: a typed reason for each way in which it may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devenv.lock.model import RUNTIME_NAME, Lock, LockedBuild, LockedInput, LockedPackage
from devenv.lock.satisfies import (
    DependencyNotLocked,
    DependencyNotWanted,
    InputChanged,
    OverridesChanged,
    PackageNotLocked,
    PackageNotWanted,
    RequestChanged,
    ScopeChanged,
    SystemNotLocked,
    Unsatisfied,
    iter_unsatisfied,
    manifest_fingerprint,
    overrides_key,
)
from devenv.manifest.model import Check, Manifest, Overrides, PackageRequest, ProjectBuild, ShellSettings
from devenv.system import System

KEY = "blake3:" + "0" * 64
DATE = "2026-11-18T22:17:41Z"
LINUX, MAC = System.X86_64_LINUX, System.AARCH64_DARWIN
INPUTS = {"base": "builtin:base", "zoo": "builtin:zoo"}
MANIFEST = Manifest(
    systems=(MAC, LINUX), inputs=INPUTS, packages={"go": PackageRequest("go", "1.25"), "just": PackageRequest("just")}
)


def locked(name: str, request: str = "*", *, input_name: str = "base") -> LockedPackage:
    builds = {system: LockedBuild((), KEY) for system in (MAC, LINUX)}
    return LockedPackage(name, input_name, request, "1.25.3", builds)


LOCK = Lock(
    manifest_fingerprint(MANIFEST),
    {name: LockedInput(name, locator, KEY) for name, locator in INPUTS.items()},
    {"go": locked("go", "1.25"), "just": locked("just")},
)
EVERYWHERE = replace(MANIFEST, systems=None)


def with_packages(manifest: Manifest, *requests: PackageRequest) -> Manifest:
    return replace(manifest, packages={request.name: request for request in requests})


def test_answering_lock() -> None:
    """A lock that answers gives no reason, and neither do changes to what no lock is about."""
    other = replace(MANIFEST, name="other", env={"A": "1"}, shell=ShellSettings("echo", {"a": "b"}))
    assert list(iter_unsatisfied(LOCK, MANIFEST)) == list(iter_unsatisfied(LOCK, other)) == []


SCOPE_CHANGED = "the systems, the inputs or `keep` changed"
JUST, GO = MANIFEST.packages["just"], MANIFEST.packages["go"]


@pytest.mark.parametrize(
    ("manifest", "reason", "words"),
    [
        (
            with_packages(MANIFEST, GO, JUST, PackageRequest("zig")),
            PackageNotLocked("zig"),
            "`zig` is not locked",
        ),
        (with_packages(MANIFEST, GO), PackageNotWanted("just"), "`just` is locked but not asked for"),
        (
            with_packages(MANIFEST, GO, PackageRequest("just", "1")),
            RequestChanged("just", "base:*", "base:1"),
            "`just` is asked for as `base:1` but locked for `base:*`",
        ),
        (
            with_packages(MANIFEST, GO, PackageRequest("just", "latest")),
            RequestChanged("just", "base:*", "base:latest"),
            "`just` is asked for as `base:latest` but locked for `base:*`",
        ),
        (
            with_packages(MANIFEST, GO, PackageRequest("just", input="zoo")),
            RequestChanged("just", "base:*", "zoo:*"),
            "`just` is asked for as `zoo:*` but locked for `base:*`",
        ),
        (replace(MANIFEST, systems=(LINUX,)), ScopeChanged(), SCOPE_CHANGED),
        (replace(MANIFEST, inputs={"base": "builtin:base"}), ScopeChanged(), SCOPE_CHANGED),
        (replace(MANIFEST, keep=("locales",)), ScopeChanged(), SCOPE_CHANGED),
    ],
)
def test_changed_manifest(manifest: Manifest, reason: Unsatisfied, words: str) -> None:
    """Each change of a manifest that a lock must follow gives its one reason, in words."""
    assert list(iter_unsatisfied(LOCK, manifest)) == [reason]
    assert str(reason) == words


def test_system_that_a_merge_left_out() -> None:
    """A package added on one branch lacks the system that another branch added: the merged lock does not answer."""
    more = replace(MANIFEST, systems=(MAC, System.AARCH64_LINUX, LINUX))
    both = {**locked("go").systems, System.AARCH64_LINUX: LockedBuild((), KEY)}
    merged = replace(
        LOCK,
        fingerprint=manifest_fingerprint(more),
        packages={"go": replace(locked("go", "1.25"), systems=both), "just": locked("just")},
    )
    reason = SystemNotLocked("just", System.AARCH64_LINUX)
    assert list(iter_unsatisfied(merged, more)) == [reason]
    assert str(reason) == "`just` is not locked for aarch64-linux"


def test_every_system_without_systems() -> None:
    """Where the manifest names no systems, a lock says something of each: what to build, or why there is nothing."""
    lacking = {System.AARCH64_LINUX: "no file", System.X86_64_DARWIN: "no file"}
    lock = replace(
        LOCK,
        fingerprint=manifest_fingerprint(EVERYWHERE),
        packages={
            "go": replace(locked("go", "1.25"), lacking=lacking),
            "just": replace(locked("just"), lacking=lacking),
        },
    )
    assert list(iter_unsatisfied(lock, EVERYWHERE)) == []
    silent = replace(lock, packages={**lock.packages, "go": locked("go", "1.25")})
    assert list(iter_unsatisfied(silent, EVERYWHERE)) == [SystemNotLocked("go", system) for system in sorted(lacking)]


def test_reasons_that_say_why_a_system_is_lacking_do_not_answer_for_it() -> None:
    """A system that the manifest names must be there: a reason why it is not is no answer."""
    only = replace(MANIFEST, systems=(System.AARCH64_LINUX,))
    lock = replace(
        LOCK,
        fingerprint=manifest_fingerprint(only),
        packages={
            name: replace(each, lacking={System.AARCH64_LINUX: "no file"}) for name, each in LOCK.packages.items()
        },
    )
    assert list(iter_unsatisfied(lock, only)) == [
        SystemNotLocked(name, System.AARCH64_LINUX) for name in ("go", "just")
    ]


def test_locator_changed_behind_the_name() -> None:
    """An input whose locator was changed in the lock alone is found, fingerprint or not (FAULTS K-06)."""
    inputs = {**LOCK.inputs, "base": LockedInput("base", "builtin:other", KEY)}
    reasons = list(iter_unsatisfied(replace(LOCK, inputs=inputs), MANIFEST))
    assert reasons == [InputChanged(name, "base", "builtin:other", "builtin:base") for name in ("go", "just")]
    assert str(reasons[0]) == "`go` is locked from `builtin:other`, but the input `base` is `builtin:base` now"


def test_what_no_manifest_says() -> None:
    """The runtime, and the indexes that only recipes asked, are no part of the question whether a lock answers."""
    index = LockedInput("debian-trixie", "debian:trixie", KEY, {"trixie": DATE})
    runtime = replace(locked(RUNTIME_NAME), systems={LINUX: LockedBuild((), KEY, index="debian-trixie", date=DATE)})
    lock = replace(LOCK, inputs={**LOCK.inputs, index.name: index}, runtime=runtime)
    assert list(iter_unsatisfied(lock, MANIFEST)) == []
    assert lock.systems == LOCK.systems == (MAC, LINUX)


def test_runtime_of_an_input_that_is_not_there() -> None:
    """A lock whose runtime is from an input that the manifest lacks is refused (FAULTS K-03)."""
    other = LockedInput("other", "builtin:other", KEY)
    runtime = replace(locked(RUNTIME_NAME), input="other")
    lock = replace(LOCK, inputs={**LOCK.inputs, "other": other}, runtime=runtime)
    (reason,) = iter_unsatisfied(lock, MANIFEST)
    assert str(reason) == "`runtime` is locked from `builtin:other`, but the input `other` is not there any more"


def test_reasons_come_in_order() -> None:
    """Several reasons come in the order of the packages' names, whatever the order in the manifest."""
    manifest = with_packages(MANIFEST, PackageRequest("zig"), PackageRequest("go", "1"), PackageRequest("awk"))
    assert [type(reason) for reason in iter_unsatisfied(LOCK, manifest)] == [
        PackageNotLocked,
        RequestChanged,
        PackageNotWanted,
        PackageNotLocked,
    ]


SOURCES = {**INPUTS, "source": "builtin:source"}
CURL = PackageRequest("curl", input="source", overrides=Overrides(patches=("fix.patch",)))
BUILT = Manifest(systems=(LINUX,), inputs=SOURCES, packages={"curl": CURL})


def locked_for_linux(name: str, *, input_name: str = "base") -> LockedPackage:
    return LockedPackage(name, input_name, "*", "1.0", {LINUX: LockedBuild((), KEY)})


BUILT_LOCK = Lock(
    manifest_fingerprint(BUILT),
    {name: LockedInput(name, locator, KEY) for name, locator in SOURCES.items()},
    {"curl": replace(locked_for_linux("curl", input_name="source"), overrides=overrides_key(CURL.overrides))},
    locked_for_linux(RUNTIME_NAME),
    {name: locked_for_linux(name) for name in ("bubblewrap", "sysroot")},
)


def without(name: str) -> Lock:
    dependencies = {each: locked for each, locked in BUILT_LOCK.dependencies.items() if each != name}
    return replace(BUILT_LOCK, dependencies=dependencies)


def test_lock_of_what_is_built() -> None:
    """A lock with overrides and dependencies answers; further dependencies, which only recipes know, do not matter."""
    more = {**BUILT_LOCK.dependencies, "zlib": locked_for_linux("zlib", input_name="source")}
    assert list(iter_unsatisfied(BUILT_LOCK, BUILT)) == []
    assert list(iter_unsatisfied(replace(BUILT_LOCK, dependencies=more), BUILT)) == []


@pytest.mark.parametrize(
    "overrides",
    [
        Overrides(),
        Overrides(patches=("other.patch",)),
        Overrides(patches=("fix.patch",), source="curl.tar.gz"),
        Overrides(patches=("fix.patch",), flags=("--x",)),
        Overrides(patches=("fix.patch",), env={"A": "b"}),
        Overrides(patches=("fix.patch",), inputs={"a": "b"}),
    ],
)
def test_overrides_changed(overrides: Overrides) -> None:
    """Whatever changes in the overrides of a package, the lock does not answer any more."""
    manifest = with_packages(BUILT, replace(CURL, overrides=overrides))
    assert list(iter_unsatisfied(BUILT_LOCK, manifest)) == [OverridesChanged("curl")]
    assert str(OverridesChanged("curl")) == "what the manifest overrides of `curl` changed"


@pytest.mark.parametrize(
    "manifest",
    [
        BUILT,
        replace(BUILT, builds={"app": ProjectBuild("app")}),
        replace(BUILT, checks={"test": Check("test", "make test")}),
    ],
)
@pytest.mark.parametrize("name", ["bubblewrap", "sysroot"])
def test_what_every_build_needs(manifest: Manifest, name: str) -> None:
    """Without a root directory for builds, or what makes the sandbox, nothing can be built: locked again."""
    assert list(iter_unsatisfied(without(name), manifest)) == [DependencyNotLocked(name)]
    assert str(DependencyNotLocked(name)) == f"`{name}`, which builds need, is not locked"
    stands_in = replace(without(name), packages={**BUILT_LOCK.packages, name: locked_for_linux(name)})
    wanted = {**manifest.packages, name: PackageRequest(name)}
    assert list(iter_unsatisfied(stands_in, replace(manifest, packages=wanted))) == []


def test_runtime_of_builds() -> None:
    """What is built runs on the runtime: a lock that has none does not answer."""
    assert list(iter_unsatisfied(replace(BUILT_LOCK, runtime=None), BUILT)) == [DependencyNotLocked(RUNTIME_NAME)]


def test_system_that_a_dependency_lacks() -> None:
    """Each Linux system of the manifest needs what builds need; others have no sandbox."""
    arm = System.AARCH64_LINUX
    more = replace(BUILT, systems=(arm, MAC, LINUX), packages={}, checks={"test": Check("test", "true")})
    lock = replace(BUILT_LOCK, fingerprint=manifest_fingerprint(more), packages={})
    reasons = list(iter_unsatisfied(lock, more))
    assert reasons == [DependencyNotLocked(name, arm) for name in ("bubblewrap", "sysroot")]
    assert str(reasons[0]) == "`bubblewrap`, which builds need, is not locked for aarch64-linux"


def test_dependencies_without_a_build() -> None:
    """Where nothing is built any more, what builds needed is no longer wanted."""
    nothing = replace(BUILT, packages={})
    reasons = list(iter_unsatisfied(replace(BUILT_LOCK, packages={}), nothing))
    assert reasons == [DependencyNotWanted(name) for name in ("bubblewrap", "sysroot")]
    assert str(reasons[0]) == "`bubblewrap` is locked for builds, and nothing is built"


def test_dependency_of_an_input_that_is_not_there() -> None:
    """A dependency from an input that the manifest lacks is refused (FAULTS K-03)."""
    other = {**BUILT_LOCK.inputs, "other": LockedInput("other", "builtin:other", KEY)}
    dependencies = {**BUILT_LOCK.dependencies, "zlib": locked_for_linux("zlib", input_name="other")}
    lock = replace(BUILT_LOCK, inputs=other, dependencies=dependencies)
    assert list(iter_unsatisfied(lock, BUILT)) == [InputChanged("zlib", "other", "builtin:other", None)]
