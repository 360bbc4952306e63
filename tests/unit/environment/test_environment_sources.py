"""Named environments and restricted packages where packages are built with each other: whose inputs count where."""

from __future__ import annotations

import pytest

from devenv.environment.answers import LockRequest
from devenv.environment.derive import PackageSets
from devenv.environment.lock_derivations import LockDerivations
from devenv.environment.locking import lock_manifest
from devenv.lock.format import format_lock
from devenv.lock.model import Lock
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import iter_unsatisfied
from devenv.manifest.model import Manifest
from devenv.manifest.parse import parse_manifest
from devenv.packages.package_set import PackageSet
from devenv.system import System
from tests.unit.environment.conftest import MemoryIndex
from tests.unit.environment.test_source_locking import RECIPES, make_index, make_source_set

AMD, ARM = System.X86_64_LINUX, System.AARCH64_LINUX
HEAD = '[project]\nsystems = ["aarch64-linux", "x86_64-linux"]\n'


@pytest.fixture
def sets(base_set: PackageSet) -> PackageSets:
    return {"base": base_set, "source": make_source_set(RECIPES)}


def lock(text: str, sets: PackageSets, base_set: PackageSet) -> tuple[Manifest, Lock]:
    """The manifest in `text` and its lock, which answers it, is read as it was written, and stays when locked again."""
    manifest = parse_manifest(text.encode())
    made = lock_manifest(LockRequest(manifest, None, sets), make_index(base_set))
    assert list(iter_unsatisfied(made, manifest)) == []
    assert parse_lock(format_lock(made), "devenv.lock") == made
    idle = MemoryIndex({})
    assert lock_manifest(LockRequest(manifest, made, sets), idle) == made
    assert idle.asked == []
    return manifest, made


def inputs_of(
    sets: PackageSets, manifest: Manifest, lock: Lock, package: str, system: System = AMD, environment: str = "default"
) -> dict[str, str]:
    """What a package is built with in an environment: names → keys. Its own key must be the locked one."""
    chosen, answers = manifest.select(environment).on(system), lock.select(environment, manifest).on(system)
    derivations = LockDerivations(sets, chosen, answers, system)
    derivation = derivations.package(package, derivations.runtime())
    assert derivation.key == answers.packages[package].systems[system].derivation
    names = derivation.arguments["inputs"]
    assert isinstance(names, list)
    return {name: each.derivation.key for name, each in zip(names, derivation.inputs, strict=True)}


def test_only_the_environment_builds(sets: PackageSets, base_set: PackageSet) -> None:
    """What builds need is locked for the environment that builds, and the default goes without."""
    text = HEAD + '[environments.dev.packages]\ncurl = { input = "source" }'
    manifest, made = lock(text, sets, base_set)
    assert (made.packages, made.dependencies, made.runtime) == ({}, {}, None)
    own = made.environments["dev"]
    assert sorted(own.dependencies) == ["bubblewrap", "jq", "openssl", "sysroot", "zlib"]
    assert own.runtime is not None
    assert inputs_of(sets, manifest, made, "curl", environment="dev")["openssl"] == (
        own.dependencies["openssl"].systems[AMD].derivation
    )
    assert {each.name for each in made.environments["dev"].iter_packages()} <= {
        pinned.package or "runtime" for pinned in made.iter_pinned({AMD})
    } | {"curl"}


def test_environment_that_builds_alike(sets: PackageSets, base_set: PackageSet) -> None:
    """An environment with the same builds inherits them with all that they need: there is nothing to write down."""
    text = HEAD + '[packages]\ncurl = { input = "source" }\n[environments.ci]\nenv = { CI = "1" }'
    manifest, made = lock(text, sets, base_set)
    assert not made.environments
    assert inputs_of(sets, manifest, made, "curl", environment="ci") == inputs_of(sets, manifest, made, "curl")


def test_environment_without_what_another_is_built_with(sets: PackageSets, base_set: PackageSet) -> None:
    """Where a package that stood in for a dependency is left out, what needs it is built with the recipe's own."""
    text = HEAD + (
        '[packages]\ncurl = { input = "source" }\nopenssl = { flags = ["no-legacy"] }\n'
        '[environments.plain]\nwithout = ["openssl"]'
    )
    manifest, made = lock(text, sets, base_set)
    own = made.environments["plain"]
    assert (sorted(own.packages), sorted(own.dependencies)) == (["curl"], ["openssl"])
    default = inputs_of(sets, manifest, made, "curl")["openssl"]
    assert default == made.packages["openssl"].systems[AMD].derivation
    plain = inputs_of(sets, manifest, made, "curl", environment="plain")["openssl"]
    assert plain == own.dependencies["openssl"].systems[AMD].derivation != default


def test_package_that_stands_in_on_some_systems(sets: PackageSets, base_set: PackageSet) -> None:
    """A restricted package stands in for a dependency where it is; elsewhere the recipe's own is taken."""
    text = HEAD + (
        '[packages]\ncurl = { input = "source" }\nopenssl = { flags = ["no-legacy"], systems = ["x86_64-linux"] }\n'
    )
    manifest, made = lock(text, sets, base_set)
    assert made.packages["openssl"].only == (AMD,)
    assert inputs_of(sets, manifest, made, "curl", AMD)["openssl"] == made.packages["openssl"].systems[AMD].derivation
    assert inputs_of(sets, manifest, made, "curl", ARM)["openssl"] == (
        made.dependencies["openssl"].systems[ARM].derivation
    )
