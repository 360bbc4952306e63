"""Locking named environments and packages restricted by system: what is kept of them, and that it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.environment.answers import LockRequest, Moving
from devenv.environment.locking import lock_manifest
from devenv.errors import ResolutionError
from devenv.lock.format import format_lock
from devenv.lock.model import Lock, LockedEnvironment
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import (
    EnvironmentNotWanted,
    EnvironmentUnsatisfied,
    PackageNotLocked,
    RestrictionChanged,
    iter_unsatisfied,
)
from devenv.manifest.model import Manifest, NamedEnvironment, PackageRequest
from devenv.manifest.parse import parse_manifest
from devenv.packages.package_set import PackageSet
from devenv.system import ALL_SYSTEMS, System

MakeLock = Callable[..., Lock]
MakeIndex = Callable[[Mapping[str, Sequence[str]]], Any]

TAGS = {
    System.X86_64_LINUX: "manylinux_2_17_x86_64",
    System.AARCH64_LINUX: "manylinux_2_17_aarch64",
    System.X86_64_DARWIN: "macosx_10_12_x86_64",
    System.AARCH64_DARWIN: "macosx_11_0_arm64",
}
PROJECTS = {"just": "rust-just", "ruff": "ruff", "shfmt": "shfmt-py", "uv": "uv"}
OLD, NEW = ("1.0.0", "1.1.0", "2.0.0"), ("1.1.1", "2.1.0", "3.0.0")
LINUX = (System.AARCH64_LINUX, System.X86_64_LINUX)


def files_of(*versions: str, without: System | None = None) -> dict[str, list[str]]:
    """An index that has every package in these versions for every system, but for one."""
    tags = [tag for system, tag in TAGS.items() if system is not without]
    return {
        project: [f"{project.replace('-', '_')}-{version}-py3-none-{tag}.whl" for version in versions for tag in tags]
        for project in PROJECTS.values()
    }


def read(text: str) -> Manifest:
    return parse_manifest(text.encode())


MANIFEST = read("""
[packages]
just = "1"
ruff = "*"
[environments.ci]
packages = { just = "2", uv = "*" }
[environments.docs]
without = ["ruff"]
[environments.more]
extends = "ci"
packages = { ruff = ">=1.1" }
""")


def test_only_what_differs_is_kept(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """An environment has the default's answers; the lock says of it what it has besides, or otherwise."""
    lock = make_lock(MANIFEST, make_index(files_of(*OLD)))
    assert lock.version == 4
    assert {name: each.version for name, each in lock.packages.items()} == {"just": "1.1.0", "ruff": "2.0.0"}
    assert {name: sorted(each.packages) for name, each in lock.environments.items()} == {
        "ci": ["just", "uv"],
        "more": ["just", "ruff", "uv"],
    }
    assert lock.environments["more"].packages["ruff"].version == lock.packages["ruff"].version
    chosen = lock.select("ci", MANIFEST)
    assert {name: each.version for name, each in chosen.packages.items()} == {
        "just": "2.0.0", "ruff": "2.0.0", "uv": "2.0.0",
    }  # fmt: skip
    assert sorted(lock.select("docs", MANIFEST).packages) == ["just"]
    assert lock.select("default", MANIFEST).packages == lock.packages
    assert list(iter_unsatisfied(lock, MANIFEST)) == []


def test_environment_takes_the_answers_of_what_it_extends(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """What came out since does not count where the default, or the environment that is extended, has an answer."""
    before = make_lock(read('[packages]\njust = "*"'), make_index(files_of(*OLD)))
    wanted = read(
        '[packages]\njust = "*"\n[environments.a]\npackages = { just = ">=1.1", uv = "1" }\n'
        '[environments.b]\nextends = "a"\npackages = { uv = "*" }'
    )
    lock = make_lock(wanted, make_index(files_of(*OLD, *NEW)), before)
    assert lock.select("a", wanted).packages["just"].version == "2.0.0"
    assert lock.select("b", wanted).packages["uv"].version == "1.1.1"


def test_environments_own_answers_stay(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """What an environment has otherwise stays as it was locked, and nobody is asked."""
    before = make_lock(MANIFEST, make_index(files_of(*OLD)))
    idle = make_index({})
    again = make_lock(MANIFEST, idle, parse_lock(format_lock(before), "devenv.lock"))
    assert (format_lock(again), idle.asked) == (format_lock(before), [])


def test_restricted_package(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A package restricted by system is locked for these alone, and lacks on no other."""
    wanted = read('[packages]\njust = { systems = ["x86_64-linux", "aarch64-linux"] }\nruff = "*"')
    lock = make_lock(wanted, make_index(files_of(*OLD)))
    assert lock.version == 4
    assert (lock.packages["just"].only, tuple(lock.packages["just"].systems)) == (LINUX, LINUX)
    assert lock.systems == ALL_SYSTEMS
    assert sorted(lock.on(System.X86_64_LINUX).packages) == ["just", "ruff"]
    assert sorted(lock.on(System.X86_64_DARWIN).packages) == ["ruff"]
    assert 'only = "aarch64-linux x86_64-linux"' in format_lock(lock).decode()
    free = read('[packages]\njust = "*"\nruff = "*"')
    assert list(iter_unsatisfied(lock, free)) == [RestrictionChanged("just")]
    assert make_lock(free, make_index(files_of(*OLD)), lock).version == 1


def test_restricted_package_that_cannot_be_had(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """A system that a package is restricted to has to have it; one that it is not for may lack it."""
    index = make_index(files_of(*OLD, without=System.AARCH64_DARWIN))
    text = '[project]\nsystems = ["aarch64-darwin", "x86_64-linux"]\n[packages]\njust = {{ systems = ["{}"] }}'
    assert list(make_lock(read(text.format("x86_64-linux")), index).packages["just"].systems) == [System.X86_64_LINUX]
    with pytest.raises(ResolutionError, match="aarch64-darwin"):
        make_lock(read(text.format("aarch64-darwin")), index)


def test_environment_for_fewer_systems(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """The answers of the default on the environment's systems are its answers: there is nothing to write down."""
    wanted = read('[packages]\njust = "*"\n[environments.ci]\nsystems = ["x86_64-linux"]')
    lock = make_lock(wanted, make_index(files_of(*OLD, without=System.AARCH64_DARWIN)))
    assert not lock.environments
    chosen = lock.select("ci", wanted)
    assert (chosen.systems, chosen.packages["just"].lacking) == ((System.X86_64_LINUX,), {})
    assert list(iter_unsatisfied(chosen, wanted.select("ci"))) == []


def test_unsatisfied_environments(make_lock: MakeLock, make_index: MakeIndex) -> None:
    """What does not answer is told with the environment that it is about; what the default lacks, only once."""
    lock = make_lock(read('[packages]\njust = "1"\n[environments.old.packages]\nuv = "1"'), make_index(files_of(*OLD)))
    reasons = list(iter_unsatisfied(lock, MANIFEST))
    assert reasons[:2] == [PackageNotLocked("ruff"), EnvironmentUnsatisfied("ci", reasons[1].reason)]  # type: ignore[union-attr]
    assert EnvironmentUnsatisfied("ci", PackageNotLocked("uv")) in reasons
    assert reasons[-1] == EnvironmentNotWanted("old")
    assert [str(each) for each in reasons] == [
        "`ruff` is not locked",
        "in the environment `ci`: `just` is asked for as `base:2` but locked for `base:1`",
        "in the environment `ci`: `uv` is not locked",
        "in the environment `more`: `just` is asked for as `base:2` but locked for `base:1`",
        "in the environment `more`: `uv` is not locked",
        "the environment `old` is locked but not in the manifest",
    ]


REQUESTS = st.builds(
    lambda version, systems: (version, tuple(sorted(systems)) or None),
    st.sampled_from(("*", "1", ">=1.1", "2")),
    st.lists(st.sampled_from(LINUX), unique=True),
)
PACKAGES = st.dictionaries(st.sampled_from(sorted(PROJECTS)), REQUESTS, max_size=3).map(
    lambda found: {name: PackageRequest(name, *each[:1], systems=each[1]) for name, each in sorted(found.items())}
)
SYSTEMS = st.sampled_from((None, LINUX))


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Manifests with two environments, the second of which may extend the first."""
    packages = draw(PACKAGES)
    environments = {}
    for name, extends in (("a", "default"), ("b", draw(st.sampled_from(("default", "a"))))):
        without = draw(st.lists(st.sampled_from(sorted(packages) or [""]), unique=True)) if packages else []
        systems = draw(st.sampled_from((None, LINUX[:1])))
        environments[name] = NamedEnvironment(
            name, extends, systems=systems, packages=draw(PACKAGES), without=tuple(sorted(without))
        )
    return Manifest(systems=draw(SYSTEMS), packages=packages, environments=environments)


@given(manifests(), manifests())
def test_laws(make_lock: MakeLock, make_index: MakeIndex, first: Manifest, second: Manifest) -> None:
    """From any manifest to any other: the lock answers each environment, and reads and locks again as it is.

    Where an environment asks for the same as before, and so does what it extends, it gets the same.
    """
    before = make_lock(first, make_index(files_of(*OLD)))
    after = make_lock(second, make_index(files_of(*OLD, *NEW)), before)
    assert list(iter_unsatisfied(after, second)) == []
    assert parse_lock(format_lock(after), "devenv.lock") == after
    assert format_lock(make_lock(second, make_index({}), after)) == format_lock(after)
    for name in second.environments:
        chosen = second.select(name)
        assert list(iter_unsatisfied(after.select(name, second), chosen)) == []
        assert after.environments.get(name, LockedEnvironment()).packages.keys() <= chosen.packages.keys()
        if first.select(name) == chosen and first.select("default") == second.select("default"):
            own = second.environments[name]
            if own.extends == first.environments[name].extends == "default":
                assert after.select(name, second).packages == before.select(name, first).packages


def test_what_moves_in_environments(base_set: PackageSet, make_lock: MakeLock, make_index: MakeIndex) -> None:
    """What is to move moves in each environment: its own answer is another, or that of the default which moved."""
    wanted = read('[packages]\njust = "*"\n[environments.ci]\npackages = { just = ">=1.1", uv = "1", ruff = "1" }')
    before = make_lock(wanted, make_index(files_of(*OLD)))
    request = LockRequest(wanted, before, {"base": base_set}, moving=Moving(frozenset({"just", "uv"})))
    after = lock_manifest(request, make_index(files_of(*OLD, *NEW)))
    versions = {name: each.version for name, each in after.select("ci", wanted).packages.items()}
    assert versions == {"just": "3.0.0", "ruff": "1.1.0", "uv": "1.1.1"}
    assert after.packages["just"].version == "3.0.0"
