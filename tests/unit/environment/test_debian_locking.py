"""Locking packages of Debian's suites: what is pinned, when a suite is asked again, and the runtime of wheels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pytest

from devenv.debian.record import DebRecord
from devenv.environment.answers import LockRequest
from devenv.environment.derive import PackageSets
from devenv.environment.lock_derivations import LockDerivations
from devenv.environment.locking import lock_manifest
from devenv.errors import LockError, ResolutionError
from devenv.lock.format import format_lock
from devenv.lock.model import Lock, LockedPackage
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import ScopeChanged, iter_unsatisfied
from devenv.manifest.model import DEFAULT_INPUTS, Manifest, PackageRequest
from devenv.packages.debian_set import DebianSet
from devenv.packages.package_set import PackageSet
from devenv.system import System
from tests.unit.environment.conftest import EditSet, MemoryIndex, MemorySuite, make_record

AMD, ARM, MAC = System.X86_64_LINUX, System.AARCH64_LINUX, System.AARCH64_DARWIN
LINUX = (AMD, ARM)
ARCHITECTURES = {AMD: "amd64", ARM: "arm64"}
NEWER = "2027-01-02T03:04:05Z"
KEY = "blake3:" + "0" * 64

RUNTIME = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libatomic1")
TRIXIE = {"seetop": "3.4-1", "libtop1": "1-1", "dash": "0.5-1", "jq": "1.7.1-6", **dict.fromkeys(RUNTIME, "1-1")}
BOOKWORM = {"seetop": "3.2-1", "libtop1": "1-1", "dash": "0.5-1", "jq": "1.6-2"}
DEPENDS = {"seetop": "libtop1 (>= 1), libc6 | dash", "libtop1": "dash", "jq": "dash"}
WHEELS = {
    "rust-just": [
        "rust_just-1.41.0-py3-none-manylinux_2_17_x86_64.whl",
        "rust_just-1.41.0-py3-none-manylinux_2_17_aarch64.whl",
        "rust_just-1.41.0-py3-none-macosx_11_0_arm64.whl",
    ],
    "shfmt-py": ["shfmt_py-3.11.0-py3-none-manylinux_2_17_x86_64.whl"],
}


def make_suite(versions: Mapping[str, str], system: System) -> MemorySuite:
    return MemorySuite(record(name, version, system) for name, version in versions.items())


def record(name: str, version: str, system: System) -> DebRecord:
    return make_record(name, version, ARCHITECTURES[system], DEPENDS.get(name, ""))


def make_debian(trixie: Mapping[str, str] = TRIXIE, bookworm: Mapping[str, str] = BOOKWORM) -> MemoryIndex:
    """An index with two suites, alike for both architectures."""
    suites = {"trixie": trixie, "bookworm": bookworm}
    made = {(name, system): make_suite(suite, system) for name, suite in suites.items() for system in LINUX}
    return MemoryIndex(WHEELS, made)


def manifest(systems: tuple[System, ...] | None = None, /, suite: str = "trixie", **requests: str) -> Manifest:
    """`seetop` is from the input `debian`, other packages from `base`."""
    packages = {
        name: PackageRequest(name, version, "debian" if name == "seetop" else "base")
        for name, version in requests.items()
    }
    return Manifest(systems=systems, inputs={**DEFAULT_INPUTS, "debian": f"debian:{suite}"}, packages=packages)


def lock_for(wanted: Manifest, index: MemoryIndex, previous: Lock | None = None, *, base: PackageSet) -> Lock:
    suite = wanted.inputs["debian"].removeprefix("debian:")
    return lock_manifest(LockRequest(wanted, previous, {"base": base, "debian": DebianSet(suite)}), index)


@pytest.fixture
def lock(base_set: PackageSet) -> partial[Lock]:
    """Locks a manifest against an index, as `lock_for` does."""
    return partial(lock_for, base=base_set)


def names_of(package: LockedPackage, system: System) -> list[str]:
    return [artifact.filename.partition("_")[0] for artifact in package.systems[system].artifacts]


def artifacts_of(package: LockedPackage) -> Mapping[System, object]:
    return {system: build.artifacts for system, build in package.systems.items()}


def test_closure_is_pinned(lock: partial[Lock]) -> None:
    """The package comes first, then what it needs by name, each with its locator, hash and size, for both systems."""
    seetop = lock(manifest(seetop="*"), make_debian()).packages["seetop"]

    assert (seetop.version, seetop.input, tuple(sorted(seetop.systems))) == ("3.4", "debian", tuple(sorted(LINUX)))
    for system, build in seetop.systems.items():
        assert names_of(seetop, system) == ["seetop", "dash", "libtop1"]
        for artifact, name in zip(build.artifacts, ("seetop", "dash", "libtop1"), strict=True):
            pinned = record(name, TRIXIE[name], system)
            assert (artifact.locator, artifact.sha256, artifact.size) == (pinned.locator, pinned.sha256, pinned.size)


def test_systems_without_debian_are_named(lock: partial[Lock]) -> None:
    """A lock for every system says that macOS cannot have the package, and why; a manifest that wants it is refused."""
    seetop = lock(manifest(seetop="*"), make_debian()).packages["seetop"]
    assert seetop.lacking == dict.fromkeys(
        (System.AARCH64_DARWIN, System.X86_64_DARWIN), "it is from Debian, which is for Linux only"
    )
    with pytest.raises(ResolutionError) as caught:
        lock(manifest((AMD, MAC), seetop="*"), make_debian())
    assert caught.value.slug == "system-missing"


def test_versions_that_differ_between_architectures(lock: partial[Lock]) -> None:
    """One version is locked for the systems that have it; a Debian revision more is the same version."""
    index = make_debian()
    index.set_suite("trixie", ARM, make_suite({**TRIXIE, "seetop": "3.4-2"}, ARM))
    seetop = lock(manifest(seetop="*"), index).packages["seetop"]
    assert (seetop.version, set(seetop.systems)) == ("3.4", set(LINUX))
    index.set_suite("trixie", ARM, make_suite({**TRIXIE, "seetop": "3.3-9"}, ARM))
    seetop = lock(manifest(seetop="*"), index).packages["seetop"]
    assert (seetop.version, set(seetop.systems)) == ("3.4", {AMD})
    assert seetop.lacking[ARM] == "it has no file for it; 3.3 has one"
    with pytest.raises(ResolutionError) as caught:
        lock(manifest(LINUX, seetop="*"), index)
    assert caught.value.slug == "system-missing"


def test_index_is_recorded(lock: partial[Lock]) -> None:
    """The lock says which suite answered, in which state and of which date: by its input's name, or one of its own."""
    made = lock(manifest(suite="bookworm", seetop="*", jq="1.7"), make_debian())

    assert {build.index for build in made.packages["seetop"].systems.values()} == {"debian"}
    assert {build.index for build in made.packages["jq"].systems.values()} == {"debian-trixie"}
    assert {name: each.locator for name, each in made.inputs.items()} == {
        "base": "builtin:base",
        "debian": "debian:bookworm",
        "debian-trixie": "debian:trixie",
    }
    assert made.inputs["debian"].releases == {"bookworm": "2026-11-20T02:11:10Z"}
    assert made.inputs["debian"].revision.startswith("blake3:")
    assert made.inputs["base"].releases == {}


def test_nothing_changed_asks_nothing(lock: partial[Lock]) -> None:
    """What is locked is kept without a question, byte for byte, though the suite moved on."""
    wanted = manifest(seetop="*", jq="*", just="*")
    text = format_lock(lock(wanted, make_debian()))
    moved = make_debian({**TRIXIE, "seetop": "9-1", "libtop1": "9-1", "libc6": "9-1"})
    moved.release_date = NEWER
    before = parse_lock(text, "devenv.lock")

    assert format_lock(lock(wanted, moved, before)) == text
    assert moved.asked == []
    assert list(iter_unsatisfied(before, wanted)) == []


def test_state_of_a_suite_that_was_asked_again(lock: partial[Lock]) -> None:
    """A suite gets the date of its new state when something of it is pinned afresh, and only then.

    What was pinned before keeps its own: only the archives of that time are certain to have its files.
    """
    before = lock(manifest(suite="bookworm", seetop="*"), make_debian())
    index = make_debian()
    index_date, index.release_date = index.release_date, NEWER
    other = lock(manifest(suite="bookworm", seetop="*", jq="1.7"), index, before)
    assert (other.inputs["debian"], other.inputs["debian-trixie"].releases) == (
        before.inputs["debian"],
        {"trixie": NEWER},
    )
    same = lock(manifest(suite="bookworm", seetop="*", jq="1.6"), index, before)
    assert same.inputs["debian"].releases == {"bookworm": NEWER}
    assert same.packages["seetop"] == before.packages["seetop"]
    assert {build.date for build in same.packages["seetop"].systems.values()} == {index_date}
    assert {build.date for build in same.packages["jq"].systems.values()} == {NEWER}


def test_other_suite(lock: partial[Lock]) -> None:
    """An input that names another suite is asked anew, though the version that is locked would answer."""
    before = lock(manifest(suite="bookworm", seetop=">=3"), make_debian())
    index = make_debian()
    after = lock(manifest(suite="trixie", seetop=">=3"), index, before)
    assert index.asked == ["debian:trixie"]
    assert (before.packages["seetop"].version, after.packages["seetop"].version) == ("3.2", "3.4")


def test_recipe_that_names_other_packages(lock: partial[Lock], edit_set: EditSet) -> None:
    """A recipe that takes further packages or another suite is asked about anew; one that builds otherwise is not."""
    before = lock(manifest(jq="1.7"), make_debian())
    further = edit_set("jq", 'debian("trixie", "jq",', 'debian("trixie", "jq", "libtop1",')
    index = make_debian()
    after = lock_for(manifest(jq="1.7"), index, before, base=further)
    assert index.asked == ["debian:trixie"]
    assert names_of(after.packages["jq"], AMD) == ["jq", "libtop1", "dash"]

    elsewhere = edit_set("jq", 'debian("trixie", "jq",', 'debian("bookworm", "jq",')
    index = make_debian(bookworm={**BOOKWORM, "jq": "1.7-1"})
    after = lock_for(manifest(jq="1.7"), index, before, base=elsewhere)
    assert index.asked == ["debian:bookworm"]
    assert after.packages["jq"].systems[AMD].index == "debian-bookworm"

    otherwise = edit_set("jq", "build = lambda p: bundle(p)", 'build = lambda p: bundle(p, hide = ["x"])')
    index = make_debian()
    after = lock_for(manifest(jq="1.7"), index, before, base=otherwise)
    assert index.asked == []
    assert artifacts_of(after.packages["jq"]) == artifacts_of(before.packages["jq"])
    assert after.packages["jq"].systems[AMD].derivation != before.packages["jq"].systems[AMD].derivation


def test_only_the_suite_of_the_wanted_line_is_asked(lock: partial[Lock]) -> None:
    """The newest line is asked by default, the line of a version that is named, and that of the lock while it stays."""
    for request, asked in (("*", ["trixie"]), ("1.6", ["bookworm"]), (">=1.6", ["bookworm", "trixie"])):
        index = make_debian()
        lock(manifest(jq=request), index)
        assert index.asked == [f"debian:{suite}" for suite in asked], request
    before = lock(manifest((AMD,), jq="1.6"), make_debian())
    index = make_debian()
    after = lock(manifest(LINUX, jq="*"), index, before)
    assert index.asked == ["debian:bookworm"]
    assert after.packages["jq"].version == "1.6"


def test_dependencies_that_cannot_be_had(lock: partial[Lock]) -> None:
    """A package that needs what its suite does not have is an error that names the suite's package and the system."""
    index = make_debian({name: version for name, version in TRIXIE.items() if name != "libtop1"})
    with pytest.raises(ResolutionError) as caught:
        lock(manifest(seetop="*"), index)
    assert caught.value.slug == "closure-unsatisfied"
    assert caught.value.message.startswith("what `debian:trixie/seetop` depends on cannot be had for ")
    assert "`libtop1" in caught.value.message


def test_one_runtime_for_all_wheels(lock: partial[Lock]) -> None:
    """Programs from wheels run on one runtime, pinned for the Linux systems that they are for."""
    without = lock(manifest(just="*", shfmt="*"), MemoryIndex(WHEELS))
    made = lock(manifest(just="*", shfmt="*"), make_debian())

    assert made.runtime is not None
    assert set(made.runtime.systems) == set(LINUX)
    assert names_of(made.runtime, AMD) == [*RUNTIME, "dash"]
    assert {build.index for build in made.runtime.systems.values()} == {"debian"}
    for name, package in made.packages.items():
        assert artifacts_of(package) == artifacts_of(without.packages[name])
        changed = {
            system
            for system, build in package.systems.items()
            if build.derivation != without.packages[name].systems[system].derivation
        }
        assert changed == {system for system in package.systems if system in LINUX}, "macOS has no runtime"


def test_runtime_is_of_the_set_that_wants_it(base_set: PackageSet) -> None:
    """Where the manifest makes a suite its default input, the runtime comes from the input with the recipes."""
    wanted = Manifest(
        systems=LINUX,
        inputs={"base": "debian:trixie", "tools": "builtin:base"},
        packages={"seetop": PackageRequest("seetop"), "just": PackageRequest("just", input="tools")},
    )
    sets: PackageSets = {"base": DebianSet("trixie"), "tools": base_set}
    made = lock_manifest(LockRequest(wanted, None, sets), make_debian())
    assert made.runtime is not None
    assert made.runtime.input == "tools"
    assert lock_manifest(LockRequest(wanted, made, sets), make_debian()) == made


def test_runtime_is_kept(lock: partial[Lock]) -> None:
    """A further package uses the runtime that is locked, which is not asked for again, even without an archive."""
    before = lock(manifest(just="*"), make_debian())
    index = make_debian({**TRIXIE, "libc6": "9-1"})
    after = lock(manifest(just="*", shfmt="*"), index, before)
    assert index.asked == ["shfmt-py"]
    assert (after.runtime, after.packages["just"]) == (before.runtime, before.packages["just"])
    assert after.inputs == before.inputs
    assert lock(manifest(just="*", shfmt="*"), MemoryIndex(WHEELS), before) == after


def test_no_runtime(lock: partial[Lock]) -> None:
    """Without an archive a new lock has no runtime, nor where nothing is from wheels or for Linux."""
    assert lock(manifest(just="*"), MemoryIndex(WHEELS)).runtime is None
    assert lock(manifest(jq="*"), make_debian()).runtime is None
    assert lock(manifest((MAC,), just="*"), make_debian()).runtime is None
    before = lock(manifest(just="*", jq="*"), make_debian())
    after = lock(manifest(jq="*"), make_debian(), before)
    assert (before.runtime is None, after.runtime) == (False, None)


def test_systems_of_the_runtime(lock: partial[Lock]) -> None:
    """The runtime is for the systems of the packages that need it: a system more is asked for, one less leaves."""
    one = lock(manifest((AMD,), just="*"), make_debian())
    index = make_debian()
    both = lock(manifest(LINUX, just="*"), index, one)
    less = lock(manifest((ARM,), just="*"), MemoryIndex(WHEELS), both)
    shfmt = lock(manifest(shfmt="*"), make_debian())
    for made, systems in ((one, {AMD}), (both, set(LINUX)), (less, {ARM}), (shfmt, {AMD})):
        assert made.runtime is not None
        assert set(made.runtime.systems) == systems
    assert "debian:trixie" in index.asked
    assert both.runtime is not None
    assert one.runtime is not None
    assert both.runtime.systems[AMD] == one.runtime.systems[AMD]


def test_what_is_kept_of_packages(lock: partial[Lock]) -> None:
    """`keep` makes another derivation of the same files without a question, and a lock without it is no answer."""
    plain = manifest(seetop="*", jq="*", just="*")
    wanted = replace(plain, keep=("documentation",))
    before = lock(plain, make_debian())
    assert list(iter_unsatisfied(before, wanted)) == [ScopeChanged()]
    index = make_debian()
    after = lock(wanted, index, before)
    assert index.asked == []
    assert list(iter_unsatisfied(after, wanted)) == []
    for name in ("seetop", "jq"):
        old, new = before.packages[name], after.packages[name]
        assert artifacts_of(new) == artifacts_of(old)
        assert new.systems[AMD].derivation != old.systems[AMD].derivation


def test_order_of_answers_does_not_show(lock: partial[Lock]) -> None:
    """The lock is the same in whatever order a suite lists its packages."""
    wanted = manifest(seetop="*", jq="*", just="*")
    mixed = make_debian(dict(reversed(TRIXIE.items())), dict(reversed(BOOKWORM.items())))
    assert format_lock(lock(wanted, mixed)) == format_lock(lock(wanted, make_debian()))


def test_package_without_a_recipe_that_comes_out_otherwise(lock: partial[Lock], base_set: PackageSet) -> None:
    """Where no recipe made a package, none is said to have changed."""
    wanted = manifest(seetop="*")
    made = lock(wanted, make_debian())
    seetop = made.packages["seetop"]
    builds = {system: replace(build, derivation=KEY) for system, build in seetop.systems.items()}
    other = replace(made, packages={"seetop": replace(seetop, systems=builds)})
    derivations = LockDerivations({"base": base_set, "debian": DebianSet("trixie")}, wanted, other, AMD)
    with pytest.raises(LockError) as caught:
        derivations.package("seetop", None)
    assert caught.value.slug == "lock-recipe-changed"
    assert "recipe" not in f"{caught.value.message}{caught.value.hint}"
