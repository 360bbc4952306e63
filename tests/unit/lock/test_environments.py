"""What a lock says of named environments: selected and reviewed like the default."""

from __future__ import annotations

import pytest

from devenv.lock.compare import review_locks
from devenv.lock.grammar import FieldError
from devenv.lock.merge import with_outputs
from devenv.lock.model import Lock, LockedArtifact, LockedBuild, LockedEnvironment, LockedInput, LockedPackage
from devenv.lock.review import Move
from devenv.lock.satisfies import manifest_fingerprint
from devenv.manifest.parse import parse_manifest
from devenv.store_path import require_store_path
from devenv.system import System

KEY = "blake3:" + "0" * 64
LINUX, ARM = System.X86_64_LINUX, System.AARCH64_LINUX
PATH = require_store_path("0123456789abcdfghijklmnpqrsvwxyz-tool")


def package(name: str, version: str, *systems: System, only: tuple[System, ...] | None = None) -> LockedPackage:
    """A package in this version; its files and derivation follow from that."""
    artifact = LockedArtifact(f"pypi:{name}-{version}", f"{version.encode().hex():0<64}"[:64], 1)
    build = LockedBuild((artifact,), f"blake3:{version.encode().hex():0<64}")
    return LockedPackage(name, "base", "*", version, dict.fromkeys(systems or (LINUX,), build), only=only)


def environment(*packages: LockedPackage) -> LockedEnvironment:
    return LockedEnvironment({each.name: each for each in packages})


def lock(*packages: LockedPackage, **environments: LockedEnvironment) -> Lock:
    inputs = {"base": LockedInput("base", "builtin:base", KEY)}
    return Lock(KEY, inputs, {each.name: each for each in packages}, environments=environments)


def test_selected_lock_is_the_environments() -> None:
    """Its own tables, else what it inherits: with its systems, and without what it leaves out."""
    manifest = parse_manifest(b"""
        [packages]
        just = "*"
        ruff = "*"
        uv = "*"
        [environments.ci]
        systems = ["x86_64-linux"]
        without = ["uv"]
    """)
    whole = lock(package("just", "1", ARM, LINUX), package("ruff", "1"), package("uv", "1"),
                 ci=environment(package("ruff", "2")))  # fmt: skip
    chosen = whole.select("ci", manifest)
    assert {name: (each.version, tuple(each.systems)) for name, each in chosen.packages.items()} == {
        "just": ("1", (LINUX,)),
        "ruff": ("2", (LINUX,)),
    }
    assert chosen.fingerprint == KEY
    assert not chosen.environments
    fingerprint = manifest_fingerprint(manifest)
    current = Lock(fingerprint, whole.inputs, whole.packages, environments=whole.environments)
    assert current.select("ci", manifest).fingerprint == manifest_fingerprint(manifest.select("ci")) != fingerprint


@pytest.mark.parametrize(("make", "key"), [
    (lambda: lock(default=environment(package("a", "1"))), "environments.default"),
    (lambda: lock(ci=environment()), "environments.ci"),
    (lambda: lock(ci=LockedEnvironment(packages={"b": package("a", "1")})), "environments.ci.packages.b"),
    (lambda: lock(ci=LockedEnvironment(dependencies={"a": package("a", "1", only=(LINUX,))})),
     "environments.ci.dependencies.a.only"),
    (lambda: package("a", "1", ARM, only=(LINUX,)), "only"),
    (lambda: package("a", "1", only=(LINUX, ARM)), "only"),
    (lambda: package("a", "1", only=()), "only"),
])  # fmt: skip
def test_what_no_lock_can_say(make: object, key: str) -> None:
    """No program makes a lock that reading would refuse (FAULTS K-02)."""
    assert callable(make)
    with pytest.raises(FieldError) as caught:
        make()
    assert caught.value.key == key


def test_review_names_the_environment() -> None:
    """What changes of an environment is told with its name, from what it had before: its own or the default's."""
    before = lock(package("just", "1"), package("uv", "1"), ci=environment(package("uv", "0")))
    after = lock(package("just", "1"), package("uv", "2"), ci=environment(package("just", "3"), package("new", "1")))
    changes = review_locks(before, after).packages
    assert [(each.title, each.move, each.before, each.after) for each in changes] == [
        ("uv", Move.NEWER, "1", "2"),
        ("ci: just", Move.NEWER, "1", "3"),
        ("ci: new", Move.ADDED, None, "1"),
        ("ci: uv", Move.NEWER, "0", "2"),
    ]
    assert not review_locks(after, after)


def test_outputs_of_environments() -> None:
    """What a derivation turned out to be is known in every environment that has it."""
    known = package("uv", "1")
    build = LockedBuild(known.systems[LINUX].artifacts, known.systems[LINUX].derivation, PATH)
    built = LockedPackage("uv", "base", "*", "1", {LINUX: build})
    completed = with_outputs(lock(ci=environment(known)), [lock(built)])
    assert completed.environments["ci"].packages["uv"].systems[LINUX].output == PATH
    assert lock(built).map_packages(lambda each: each) == lock(built)
