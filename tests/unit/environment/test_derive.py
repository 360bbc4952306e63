"""From a lock to derivations, and which machines a lock is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from devenv.derivation.model import Derivation
from devenv.environment.lock_derivations import LockDerivations, derive_environment
from devenv.environment.machine import require_platform, require_system
from devenv.errors import ActivationError, LockError
from devenv.lock.model import Lock, LockedPackage
from devenv.manifest.model import Manifest, PackageRequest, ShellSettings
from devenv.packages.package_set import PackageSet
from devenv.system import Requirement, System
from tests.unit.environment.conftest import MemoryIndex, MemorySuite, make_record

MakeLock = Callable[..., Lock]
EditSet = Callable[[str, str, str], PackageSet]
LINUX, MAC = System.X86_64_LINUX, System.AARCH64_DARWIN
MANIFEST = Manifest(packages={"just": PackageRequest("just", "1.40"), "ninja": PackageRequest("ninja")})
FILES = {
    "rust-just": [
        "rust_just-1.40.0-py3-none-manylinux_2_28_x86_64.whl",
        "rust_just-1.41.0-py3-none-macosx_11_0_arm64.whl",
    ],
    "ninja": ["ninja-1.13.0-py3-none-manylinux_2_17_x86_64.whl", "ninja-1.13.0-py3-none-macosx_11_0_arm64.whl"],
}


def derive(lock: Lock, base_set: PackageSet, name: str, manifest: Manifest = MANIFEST) -> Derivation:
    """One package of a lock without a runtime, on Linux."""
    return LockDerivations({"base": base_set}, manifest, lock, LINUX).package(name, None)


def tampered(lock: Lock, package: LockedPackage) -> Lock:
    return replace(lock, packages={**lock.packages, package.name: package})


@pytest.fixture
def lock(make_lock: MakeLock, make_index: Callable[..., Any]) -> Lock:
    return make_lock(MANIFEST, make_index(FILES))


def test_locked_package_is_derived_with_the_recorded_answers(lock: Lock, base_set: PackageSet) -> None:
    """The derivation follows from recipe and lock alone, and its key is the recorded one (DESIGN invariant 1)."""
    derivation = derive(lock, base_set, "just")
    build = lock.packages["just"].systems[LINUX]
    assert derivation.key == build.derivation
    assert (derivation.name, derivation.system, derivation.builder) == ("just-1.40.0", "x86_64-linux", "unpack/1")
    assert derivation.sources == (build.artifacts[0].sha256,)


def test_changed_recipe(lock: Lock, edit_set: EditSet) -> None:
    """A devenv whose recipe makes something else of the same lock refuses it and names both keys."""
    changed = edit_set("just", 'keep = ["bin"]', 'keep = ["bin", "lib"]')
    with pytest.raises(LockError) as caught:
        derive(lock, changed, "just")
    assert caught.value.slug == "lock-recipe-changed"
    assert lock.packages["just"].systems[LINUX].derivation in caught.value.details[0]
    assert caught.value.hint is not None
    assert "`devenv lock`" in caught.value.hint


def with_version(package: LockedPackage) -> LockedPackage:
    return replace(package, version="1.12.0")


def with_hash(package: LockedPackage) -> LockedPackage:
    (artifact,) = package.systems[LINUX].artifacts
    build = replace(package.systems[LINUX], artifacts=(replace(artifact, sha256="0" * 64),))
    return replace(package, systems={LINUX: build})


@pytest.mark.parametrize("tamper", [with_version, with_hash])
def test_tampered_lock(lock: Lock, base_set: PackageSet, tamper: Callable[[LockedPackage], LockedPackage]) -> None:
    """A version or a hash that was changed in the lock does not go with the recorded key any more (FAULTS K-06)."""
    with pytest.raises(LockError) as caught:
        derive(tampered(lock, tamper(lock.packages["ninja"])), base_set, "ninja")
    assert caught.value.slug == "lock-recipe-changed"


@pytest.mark.parametrize("request_text", ["1.41", "not a version"])
def test_version_that_is_no_answer(lock: Lock, base_set: PackageSet, request_text: str) -> None:
    """A version that does not answer the request beside it is refused, whatever else goes with it (FAULTS K-06)."""
    with pytest.raises(LockError) as caught:
        derive(tampered(lock, replace(lock.packages["just"], request=request_text)), base_set, "just")
    assert caught.value.slug == "lock-stale"
    assert caught.value.message == f"`just` is locked as 1.40.0, which does not answer `{request_text}`"


def test_system_that_a_package_lacks(lock: Lock) -> None:
    """On a system that a package cannot be had for, the error says which package and why."""
    require_system(lock, LINUX)
    with pytest.raises(ActivationError) as caught:
        require_system(lock, MAC)
    assert caught.value.slug == "system-missing"
    assert caught.value.message == (
        "`just` 1.40.0 cannot be had for aarch64-darwin: it has no file for it; 1.41.0 has one"
    )
    assert caught.value.hint == "ask for another version with `devenv add just@VERSION`"


def test_system_that_the_manifest_leaves_out(make_lock: MakeLock, make_index: Callable[..., Any]) -> None:
    """On a system that the manifest does not name, the next step is to name it."""
    lock = make_lock(replace(MANIFEST, systems=(LINUX,)), make_index(FILES))
    with pytest.raises(ActivationError) as caught:
        require_system(lock, MAC)
    assert caught.value.slug == "system-missing"
    assert caught.value.hint == "add `aarch64-darwin` to `systems` in `devenv.toml` and run `devenv lock`"


@pytest.mark.parametrize(
    "host", [Requirement("glibc", (2, 28)), Requirement("glibc", (2, 39)), Requirement("glibc", (3, 0))]
)
def test_host_that_is_new_enough(lock: Lock, host: Requirement) -> None:
    """A host with the needed platform or a newer one is accepted; versions compare as numbers."""
    require_platform(lock.packages["just"], LINUX, host)


@pytest.mark.parametrize(
    ("host", "has"),
    [
        (Requirement("glibc", (2, 27)), "glibc 2.27"),
        (Requirement("glibc", (2, 4)), "glibc 2.4"),
        (Requirement("macos", (15, 0)), "macos 15.0"),
        (None, "none"),
    ],
)
def test_host_that_is_too_old(lock: Lock, host: Requirement | None, has: str) -> None:
    """A host that is too old, or has no such platform, is refused with both versions named."""
    with pytest.raises(ActivationError) as caught:
        require_platform(lock.packages["just"], LINUX, host)
    assert caught.value.slug == "host-too-old"
    assert caught.value.message == f"`just` 1.40.0 needs glibc 2.28 or newer; this machine has {has}"


def test_environment_follows_packages_and_description(lock: Lock, base_set: PackageSet) -> None:
    """The environment is another one where a package, a variable or the hook is; in the same order always."""
    derivations = LockDerivations({"base": base_set}, MANIFEST, lock, LINUX)
    packages = {name: derivations.package(name, None) for name in ("ninja", "just")}
    environment = derive_environment(derivations, packages)
    mixed = derive_environment(derivations, dict(reversed(packages.items())))
    assert environment.key == mixed.key
    others = [
        derive_environment(replace(derivations, manifest=replace(MANIFEST, env={"A": "1"})), packages),
        derive_environment(
            replace(derivations, manifest=replace(MANIFEST, shell=ShellSettings(hook="echo"))), packages
        ),
        derive_environment(derivations, {"just": packages["just"]}),
    ]
    assert len({environment.key, *(other.key for other in others)}) == 4
    named = replace(derivations, manifest=replace(MANIFEST, name="other"))
    assert derive_environment(named, packages).key == environment.key


RUNTIME_PACKAGES = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libatomic1", "dash")


@pytest.fixture
def runtime_lock(make_lock: MakeLock) -> Lock:
    """A lock of the same manifest, made where a Debian archive was known."""
    suite = MemorySuite(make_record(name, "1-1", "amd64") for name in RUNTIME_PACKAGES)
    return make_lock(replace(MANIFEST, systems=(LINUX,)), MemoryIndex(FILES, {("trixie", LINUX): suite}))


def derivations_of(lock: Lock, packages: PackageSet) -> LockDerivations:
    return LockDerivations({"base": packages}, MANIFEST, lock, LINUX)


def test_runtime_is_an_input_of_programs_from_wheels(runtime_lock: Lock, base_set: PackageSet) -> None:
    """The runtime is derived of the lock alone, and each package from a wheel has it below itself."""
    derivations = derivations_of(runtime_lock, base_set)
    runtime = derivations.runtime()
    assert runtime is not None
    assert (runtime.name, runtime.builder, len(runtime.sources)) == ("runtime-1", "bundle/1", len(RUNTIME_PACKAGES))
    for name in MANIFEST.packages:
        assert [each.derivation for each in derivations.package(name, runtime).inputs] == [runtime]


def test_lock_without_a_runtime(lock: Lock, base_set: PackageSet) -> None:
    """A lock that was made without a runtime has none for any system, and its programs need none."""
    derivations = derivations_of(lock, base_set)
    assert derivations.runtime() is None
    assert derivations.package("just", None).inputs == ()


@pytest.mark.parametrize("name", MANIFEST.packages)
def test_runtime_that_is_gone_from_the_lock(runtime_lock: Lock, base_set: PackageSet, name: str) -> None:
    """A lock whose runtime was taken out, as by who knows format 1 only, is refused (FAULTS K-06)."""
    derivations = derivations_of(replace(runtime_lock, runtime=None), base_set)
    assert derivations.runtime() is None
    with pytest.raises(LockError) as caught:
        derivations.package(name, None)
    assert caught.value.slug == "lock-recipe-changed"


def test_runtime_of_another_recipe(runtime_lock: Lock, edit_set: EditSet) -> None:
    """A devenv that makes another runtime of the same files refuses the lock, and says that it is the runtime."""
    with pytest.raises(LockError) as caught:
        derivations_of(runtime_lock, edit_set("runtime", 'hide = ["*"]', 'hide = ["x"]')).runtime()
    assert (caught.value.slug, "`runtime`" in caught.value.message) == ("lock-recipe-changed", True)


def test_tampered_runtime(runtime_lock: Lock, base_set: PackageSet) -> None:
    """A library of the runtime with another hash does not go with the recorded key (FAULTS K-06)."""
    assert runtime_lock.runtime is not None
    build = runtime_lock.runtime.systems[LINUX]
    other = (replace(build.artifacts[0], sha256="0" * 64), *build.artifacts[1:])
    runtime = replace(runtime_lock.runtime, systems={LINUX: replace(build, artifacts=other)})
    with pytest.raises(LockError) as caught:
        derivations_of(replace(runtime_lock, runtime=runtime), base_set).runtime()
    assert caught.value.slug == "lock-recipe-changed"


def test_what_is_kept_reaches_the_plan(make_lock: MakeLock, base_set: PackageSet) -> None:
    """`keep` of the manifest is in the derivation of each Debian package: without it the lock has another key."""
    wanted = Manifest(systems=(LINUX,), packages={"jq": PackageRequest("jq", "1.7")}, keep=("documentation",))
    suite = MemorySuite([make_record("jq", "1.7.1-6", "amd64"), make_record("dash", "1", "amd64")])
    lock = make_lock(wanted, MemoryIndex({}, {("trixie", LINUX): suite}))
    derivation = LockDerivations({"base": base_set}, wanted, lock, LINUX).package("jq", None)
    assert derivation.arguments["keep"] == ["documentation"]
    with pytest.raises(LockError):
        LockDerivations({"base": base_set}, replace(wanted, keep=()), lock, LINUX).package("jq", None)
