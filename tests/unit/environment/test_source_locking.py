"""Locking and deriving packages that are built from source: dependencies, overrides, stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import devenv.packages
from devenv.debian.record import DebRecord
from devenv.derivation.model import Derivation
from devenv.environment import derive
from devenv.environment.answers import LockRequest
from devenv.environment.derive import PackageSets
from devenv.environment.lock_derivations import LockDerivations
from devenv.environment.locking import lock_manifest
from devenv.errors import LockError, ResolutionError
from devenv.lock.format import format_lock
from devenv.lock.model import Lock
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import iter_unsatisfied
from devenv.manifest.model import Check, Manifest, Overrides, PackageRequest
from devenv.packages.debian_set import DebianSet
from devenv.packages.package_set import SOURCE_LABEL, PackageSet
from devenv.store_path import StorePath
from devenv.system import System
from tests.unit.environment.conftest import MemoryIndex, MemorySuite, make_record

AMD, ARM, MAC = System.X86_64_LINUX, System.AARCH64_LINUX, System.AARCH64_DARWIN
ARCHITECTURES = {AMD: "amd64", ARM: "arm64"}
FIX, OWN = StorePath("0" * 32, "fix.patch"), StorePath("1" * 32, "zlib.tar.gz")
FILES = {"patches/fix.patch": FIX, "vendor/zlib.tar.gz": OWN}
VERSIONS = {name: f"{number}.1-1" for number, name in enumerate(["curl", "openssl", "zlib", "zlib-ng"], start=1)}

RECIPE = """
load("//std", "debian_source", "package", "script")

{symbol} = package(
    summary = "A package",
    license = "MIT",
    versions = debian_source("trixie", "{name}"),
    inputs = {inputs},
    tools = {tools},
    build = lambda p: script(p, "build " + " ".join(p.flags + p.patches), env = {{"MADE_BY": "recipe"}}),
)
"""


def make_source_set(recipes: Mapping[str, tuple[list[str], list[str]]]) -> PackageSet:
    """A set of packages with these inputs and tools."""
    standard = (Path(devenv.packages.__file__).parent / "base" / "std.star").read_text("utf-8")
    files = {
        f"packages/{name}.star": RECIPE.format(name=name, symbol=name.replace("-", "_"), inputs=inputs, tools=tools)
        for name, (inputs, tools) in recipes.items()
    }
    return PackageSet(SOURCE_LABEL, {"std.star": standard, **files})


RECIPES: Mapping[str, tuple[list[str], list[str]]] = {
    "curl": (["openssl", "zlib"], ["jq"]),
    "openssl": (["zlib"], []),
    "zlib": ([], []),
    "zlib-ng": ([], []),
}


def make_index(base_set: PackageSet, sources: Mapping[str, str] = VERSIONS) -> MemoryIndex:
    """An index of all that the packages of the base set that builds need are made of."""
    names = {"dash", "libc6", "seetop"}
    for package in ("sysroot", "bubblewrap", "runtime", "jq"):
        names.update(base_set.package(package).sources[0].packages)  # type: ignore[union-attr]
    versions = {name: "1.7-1" if name == "jq" else "14.2-1" for name in names}
    suites = {
        ("trixie", system): MemorySuite(make_record(name, version, each) for name, version in versions.items())
        for system, each in ARCHITECTURES.items()
    }
    return MemoryIndex({}, suites, sources)


def manifest(*requests: PackageRequest, systems: tuple[System, ...] | None = (AMD,)) -> Manifest:
    return Manifest(systems=systems, packages={each.name: each for each in requests})


def from_source(name: str, version: str = "*", **overrides: object) -> PackageRequest:
    return PackageRequest(name, version, "source", Overrides(**overrides))  # type: ignore[arg-type]


Make = Callable[..., Lock]


@pytest.fixture
def sets(base_set: PackageSet) -> PackageSets:
    return {"base": base_set, "source": make_source_set(RECIPES)}


@pytest.fixture
def make(sets: PackageSets, base_set: PackageSet) -> Make:
    def lock(
        wanted: Manifest, previous: Lock | None = None, index: MemoryIndex | None = None, files: object = FILES
    ) -> Lock:
        made = lock_manifest(LockRequest(wanted, previous, sets, files), index or make_index(base_set))  # type: ignore[arg-type]
        assert parse_lock(format_lock(made), "devenv.lock") == made
        return made

    return lock


def derivation_of(sets: PackageSets, wanted: Manifest, lock: Lock, name: str, system: System = AMD) -> Derivation:
    derivations = LockDerivations(sets, wanted, lock, system, FILES)
    return derivations.package(name, derivations.runtime())


def test_what_a_package_is_built_with_is_locked(make: Make, sets: PackageSets) -> None:
    """Inputs and tools, theirs too, and what every build needs are dependencies, from the recipe's set or the base."""
    wanted = manifest(from_source("curl"), systems=None)
    lock = make(wanted)
    assert lock.version == 3
    assert {name: each.input for name, each in lock.dependencies.items()} == {
        "bubblewrap": "base",
        "jq": "base",
        "openssl": "source",
        "sysroot": "base",
        "zlib": "source",
    }
    assert lock.packages["curl"].version == "1.1"
    (archive,) = lock.packages["curl"].systems[ARM].artifacts
    assert archive.locator == "debian:pool/main/c/curl/curl_1.1.orig.tar.gz"
    assert set(lock.packages["curl"].lacking) == {MAC, System.X86_64_DARWIN}
    assert lock.packages["curl"].lacking[MAC] == "it is built from source, which is for Linux only"
    assert lock.systems == (ARM, AMD)
    assert list(iter_unsatisfied(lock, wanted)) == []


def test_derivation_of_a_script(make: Make, sets: PackageSets) -> None:
    """Sysroot, runtime, tools, inputs, then the project's files, each named and with its role, in that order."""
    request = from_source(
        "curl", patches=("patches/fix.patch",), flags=("--fast",), env={"CFLAGS": "-O3"}, inputs={"zlib": "zlib-ng"}
    )
    wanted = manifest(request)
    lock = make(wanted)
    derivation = derivation_of(sets, wanted, lock, "curl")
    assert derivation.key == lock.packages["curl"].systems[AMD].derivation
    assert (derivation.name, derivation.builder) == ("curl-1.1", "script/1")
    assert derivation.arguments == {
        "script": "build --fast fix.patch",
        "inputs": ["sysroot", "runtime", "jq", "openssl", "zlib", "fix.patch"],
        "roles": ["sysroot", "runtime", "tool", "input", "input", "patch"],
        "sources": ["curl_1.1.orig.tar.gz"],
    }
    assert derivation.environment == {"CFLAGS": "-O3", "MADE_BY": "recipe"}
    made = [each.derivation for each in derivation.inputs]
    assert [each.name for each in made] == [
        "sysroot-14.2", "runtime-14.2", "jq-1.7", "openssl-2.1", "zlib-ng-4.1", "fix.patch",
    ]  # fmt: skip
    assert (made[-1].builder, made[-1].output_hash) == ("source/1", str(FIX))
    # What another package is built with stays as its recipe says.
    assert [each.derivation.name for each in made[3].inputs][2:] == ["zlib-3.1"]


def test_own_source(make: Make, sets: PackageSets, base_set: PackageSet) -> None:
    """A package with the project's own source has no files from elsewhere, and any version that is asked for."""
    wanted = manifest(from_source("zlib", "9.9", source="vendor/zlib.tar.gz"), systems=None)
    lock = make(wanted)
    locked = lock.packages["zlib"]
    assert (locked.version, locked.systems[AMD].artifacts, locked.systems[AMD].index) == ("9.9", (), None)
    assert set(locked.lacking) == {MAC, System.X86_64_DARWIN}
    derivation = derivation_of(sets, wanted, lock, "zlib")
    assert derivation.arguments["roles"] == ["sysroot", "runtime", "source"]
    assert derivation.inputs[-1].derivation.output_hash == str(OWN)
    assert derivation.sources == ()
    assert list(iter_unsatisfied(lock, wanted)) == []
    newest = make(manifest(from_source("zlib", source="vendor/zlib.tar.gz")))
    assert newest.packages["zlib"].version == "3.1"
    # What the project had of its own is no answer once it wants Debian's, and the other way round.
    back = make(manifest(from_source("zlib"), systems=None), lock)
    assert back.packages["zlib"].version == "3.1"
    assert back.packages["zlib"].systems[AMD].artifacts
    assert make(wanted, back) == lock
    with pytest.raises(ResolutionError, match="built from source, which is for Linux only"):
        make(replace(wanted, systems=(AMD, MAC)))


def test_overridden_package_is_what_others_are_built_with(make: Make, sets: PackageSets) -> None:
    """A patched openssl stands in for the dependency: what is built with it is another thing, and nothing else is."""
    plain_manifest = manifest(from_source("curl"), from_source("openssl"), from_source("zlib"))
    patched_manifest = manifest(
        from_source("curl"), from_source("openssl", patches=("patches/fix.patch",)), from_source("zlib")
    )
    plain, patched = make(plain_manifest), make(patched_manifest)
    assert sorted(plain.dependencies) == ["bubblewrap", "jq", "sysroot"]
    keys = {name: (plain.packages[name].systems[AMD], patched.packages[name].systems[AMD]) for name in plain.packages}
    assert [name for name, (one, other) in sorted(keys.items()) if one != other] == ["curl", "openssl"]
    assert plain.dependencies == patched.dependencies
    assert patched.packages["openssl"].overrides is not None
    inputs = derivation_of(sets, patched_manifest, patched, "curl").inputs
    assert inputs[3].derivation.key == patched.packages["openssl"].systems[AMD].derivation


def test_contents_of_patches_are_in_the_key(make: Make, sets: PackageSets) -> None:
    """A patch that was edited makes another derivation, and the lock with the old one is refused."""
    wanted = manifest(from_source("zlib", patches=("patches/fix.patch",)))
    lock = make(wanted)
    edited = {"patches/fix.patch": StorePath("2" * 32, "fix.patch")}
    assert make(wanted, lock, None, edited) != lock
    derivations = LockDerivations(sets, wanted, lock, AMD, edited)
    with pytest.raises(LockError) as caught:
        derivations.package("zlib", derivations.runtime())
    assert caught.value.slug == "lock-recipe-changed"
    with pytest.raises(ResolutionError) as missing:
        make(wanted, None, None, {})
    assert (missing.value.slug, "`patches/fix.patch`" in missing.value.message) == ("project-file-missing", True)


def test_package_of_another_set_does_not_stand_in(make: Make, base_set: PackageSet) -> None:
    """A prebuilt package of a dependency's name is another thing than what the recipe means, and both are locked."""
    index = make_index(base_set)
    wanted = Manifest(
        systems=(AMD,),
        inputs={"base": "builtin:base", "source": "builtin:source", "debian": "debian:trixie"},
        packages={"openssl": from_source("openssl"), "zlib": PackageRequest("zlib", input="debian")},
    )
    index.set_suite("trixie", AMD, MemorySuite([*_records(index), make_record("zlib", "7-1", "amd64")]))
    lock = lock_manifest(
        LockRequest(
            wanted, None, {"base": base_set, "source": make_source_set(RECIPES), "debian": DebianSet("trixie")}
        ),
        index,
    )
    assert (lock.packages["zlib"].version, lock.dependencies["zlib"].version) == ("7", "3.1")


def _records(index: MemoryIndex) -> Iterator[DebRecord]:
    suite = index.suite("trixie", AMD)
    return (record for name in suite.names() if (record := suite.find(name)) is not None)


def test_checks_need_what_builds_need(make: Make) -> None:
    """A manifest with checks or builds of its own locks sysroot, sandbox and runtime, for its Linux systems."""
    wanted = replace(manifest(systems=(AMD, MAC)), checks={"test": Check("test", "true")})
    lock = make(wanted)
    assert sorted(lock.dependencies) == ["bubblewrap", "sysroot"]
    assert lock.runtime is not None
    assert list(lock.runtime.systems) == list(lock.dependencies["sysroot"].systems) == [AMD]
    assert list(iter_unsatisfied(lock, wanted)) == []
    assert make(replace(wanted, systems=(MAC,))).dependencies == {}


def test_locked_dependencies_stay(make: Make, base_set: PackageSet) -> None:
    """What the lock has of dependencies stays while it answers, whatever is newer; what nothing needs goes."""
    wanted = manifest(from_source("openssl"))
    lock = make(wanted)
    newer = make_index(base_set, {**VERSIONS, "zlib": "9.9-1"})
    assert make(wanted, lock, newer) == lock
    assert newer.asked == []
    assert make(manifest(from_source("zlib")), lock, newer).dependencies.keys() == {"bubblewrap", "sysroot"}


def test_dependency_that_is_gone_from_the_lock(make: Make, sets: PackageSets) -> None:
    """A lock from which a dependency was taken does not answer: locking again completes it (FAULTS K-06)."""
    wanted = manifest(from_source("openssl"))
    lock = make(wanted)
    rest = {name: each for name, each in lock.dependencies.items() if name != "zlib"}
    with pytest.raises(LockError) as caught:
        derivation_of(sets, wanted, replace(lock, dependencies=rest), "openssl")
    assert caught.value.slug == "lock-stale"
    assert caught.value.message == "`zlib`, which `openssl` is built with, is not locked for x86_64-linux"


def test_changed_recipe_of_a_dependency(make: Make, sets: PackageSets) -> None:
    """Where the recipe of a dependency is another one, that one is named, not what is built with it."""
    wanted = manifest(from_source("curl"))
    lock = make(wanted)
    changed = {**sets, "source": make_source_set({**RECIPES, "zlib": ([], ["jq"])})}
    with pytest.raises(LockError) as caught:
        derivation_of(changed, wanted, lock, "curl")
    assert (caught.value.slug, "`zlib`" in caught.value.message) == ("lock-recipe-changed", True)


@pytest.mark.parametrize(
    ("request_", "slug", "words"),
    [
        (PackageRequest("jq", overrides=Overrides(flags=("--x",))), "override-prebuilt", "`jq` is prebuilt"),
        (from_source("openssl", inputs={"gzip": "zlib"}), "override-unknown", "not built with `gzip`"),
        (from_source("openssl", inputs={"zlib": "nothing"}), "dependency-unknown", "built with `nothing`"),
        (from_source("openssl", inputs={"zlib": "openssl"}), "dependency-circle", "`openssl` → `openssl`"),
        (from_source("zlib", "2"), "version-unknown", "no version"),
        (from_source("htop"), "package-unknown", "no package `htop`"),
    ],
)
def test_what_cannot_be_overridden(make: Make, request_: PackageRequest, slug: str, words: str) -> None:
    """Each wrong override is told by what is wrong with it."""
    with pytest.raises(ResolutionError) as caught:
        make(manifest(request_))
    assert (caught.value.slug, words in caught.value.message) == (slug, True), caught.value.message
    assert caught.value.hint is not None


def test_prebuilt_package_that_could_be_built(base_set: PackageSet, sets: PackageSets) -> None:
    """Where the package can also be built from source, the hint says how to take that one."""
    with_jq = {**sets, "source": make_source_set({**RECIPES, "jq": ([], [])})}
    wanted = manifest(PackageRequest("jq", overrides=Overrides(flags=("--x",))))
    with pytest.raises(ResolutionError) as caught:
        lock_manifest(LockRequest(wanted, None, with_jq), make_index(base_set))
    assert caught.value.hint == 'write `input = "source"`'


def test_circle_of_recipes(base_set: PackageSet) -> None:
    """Packages that are built with each other are an error that names the circle, and it ends (FAULTS N-08)."""
    circle = make_source_set({"curl": (["openssl"], []), "openssl": ([], ["zlib"]), "zlib": (["openssl"], [])})
    with pytest.raises(ResolutionError) as caught:
        lock_manifest(
            LockRequest(manifest(from_source("curl")), None, {"base": base_set, "source": circle}),
            make_index(base_set),
        )
    assert caught.value.slug == "dependency-circle"
    assert caught.value.message in {
        "packages are built with each other: `openssl` → `zlib` → `openssl`",
        "packages are built with each other: `zlib` → `openssl` → `zlib`",
    }


def test_diamonds_are_derived_in_linear_time(base_set: PackageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty levels, each built with both of the next: 2^40 ways, and every package is planned once (FAULTS N-08)."""
    levels = 40
    recipes: dict[str, tuple[list[str], list[str]]] = {
        f"{side}{level}": ([f"l{level + 1}", f"r{level + 1}"] if level < levels else [], [])
        for level in range(levels + 1)
        for side in "lr"
    }
    sets = {"base": base_set, "source": make_source_set(recipes)}
    wanted = manifest(from_source("l0"))
    index = make_index(base_set, dict.fromkeys(recipes, "1-1"))
    planned: list[str] = []
    plan = derive.plan_package
    count = partial(_count, planned, plan)
    monkeypatch.setattr("devenv.environment.locking.plan_package", count)
    lock = lock_manifest(LockRequest(wanted, None, sets), index)
    assert len(lock.dependencies) == 2 * levels + 2
    assert len(planned) == len(set(planned)) == 2 * levels + 4
    planned.clear()
    monkeypatch.setattr("devenv.environment.lock_derivations.plan_package", count)
    derivation_of(sets, wanted, lock, "l0")
    assert len(planned) == len(set(planned)) == 2 * levels + 3


def _count(planned: list[str], plan: Callable[..., object], request: derive.DeriveRequest) -> object:
    planned.append(request.name)
    return plan(request)


def test_every_system_derives_the_same_lock(make: Make, sets: PackageSets) -> None:
    """Each system's derivations come out with the keys that another machine recorded for it."""
    wanted = manifest(from_source("curl", patches=("patches/fix.patch",)), systems=None)
    lock = make(wanted)
    for system in (AMD, ARM):
        key = derivation_of(sets, wanted, lock, "curl", system).key
        assert key == lock.packages["curl"].systems[system].derivation


def test_locks_without_builds_are_as_they_were(make: Make) -> None:
    """A manifest that builds nothing has no dependencies, and its lock the format that it always had."""
    lock = make(manifest(PackageRequest("jq")))
    assert (lock.version, lock.dependencies, lock.runtime) == (2, {}, None)
    assert b"dependencies" not in format_lock(lock)


def test_dependencies_that_were_derived(make: Make, sets: PackageSets) -> None:
    """What packages are built with is known once they are derived: the lock says what it came out as."""
    wanted = manifest(from_source("curl"))
    lock = make(wanted)
    derivations = LockDerivations(sets, wanted, lock, AMD, FILES)
    runtime = derivations.runtime()
    assert derivations.derived_dependencies(runtime) == {}
    derivations.package("curl", runtime)
    derived = derivations.derived_dependencies(runtime)
    assert sorted(derived) == ["jq", "openssl", "sysroot", "zlib"]
    assert all(each.key == lock.dependencies[name].systems[AMD].derivation for name, each in derived.items())
    assert derivations.dependency("bubblewrap", runtime).name == "bubblewrap-14.2"
