"""The canonical form: one text for one lock, and a change to one package stays in its own lines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.digest import NIX32_ALPHABET
from devenv.lock.format import format_lock
from devenv.lock.grammar import FieldError
from devenv.lock.model import RUNTIME_NAME, Lock, LockedArtifact, LockedBuild, LockedInput, LockedPackage
from devenv.lock.parse import parse_lock
from devenv.resources import resource_path
from devenv.store_path import StorePath
from devenv.system import ALL_SYSTEMS, Requirement, System

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
KEYS = HEX.map(lambda digits: f"blake3:{digits}")
INPUT_NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
PACKAGE_NAMES = st.from_regex(r"[a-z0-9][a-z0-9+._-]{0,20}", fullmatch=True)
TURNS = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
VISIBLE = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=TURNS), min_size=1, max_size=30
) | st.sampled_from(["*", '"', "\\", '\\"#', "[a]", "'''"])
OUTPUTS = st.builds(
    StorePath,
    st.text(NIX32_ALPHABET, min_size=32, max_size=32),
    st.from_regex(r"[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,20}", fullmatch=True),
)
LOCATORS = st.tuples(
    st.sampled_from(["pypi:", "pypi:/", "pypi:../", "pypi:../../", "debian:pool/", "debian:security/pool/"]),
    st.lists(st.sampled_from(["a", "x.whl", "+f", "%20", "~", "%3a1", "packages", "..."]), min_size=1, max_size=4).map(
        "/".join
    ),
).map("".join)
REQUIREMENTS = st.none() | st.builds(
    Requirement, st.sampled_from(["glibc", "macos"]), st.tuples(st.integers(0, 9999), st.integers(0, 9999))
)
# The size follows from the hash: one file has one size.
ARTIFACTS = st.builds(
    lambda locator, sha256, requires: LockedArtifact(locator, sha256, int(sha256[:10], 16), requires),
    LOCATORS,
    HEX,
    REQUIREMENTS,
)
DATES = st.datetimes().map(lambda time: f"{time.replace(microsecond=0).isoformat()}Z")


@st.composite
def inputs(draw: st.DrawFn, name: str) -> LockedInput:
    """An input called `name` of either kind."""
    if draw(st.booleans()):
        return LockedInput(name, draw(st.sampled_from(["builtin:base", "builtin:source", "pypi:"])), draw(KEYS))
    suite = draw(st.sampled_from(["sid", "trixie"]))
    releases = draw(
        st.lists(st.sampled_from([suite, f"{suite}-updates", f"{suite}-security"]), min_size=1, unique=True)
    )
    return LockedInput(name, f"debian:{suite}", draw(KEYS), {release: draw(DATES) for release in releases})


@st.composite
def builds(draw: st.DrawFn, indexes: list[str]) -> LockedBuild:
    """A build whose files one of `indexes` may have answered."""
    index = draw(st.none() | st.sampled_from(indexes)) if indexes else None
    artifacts = tuple(draw(st.lists(ARTIFACTS, max_size=3)))
    return LockedBuild(artifacts, draw(KEYS), draw(st.none() | OUTPUTS), index, index and draw(DATES))


@st.composite
def packages(draw: st.DrawFn, name: str, known: Mapping[str, LockedInput]) -> LockedPackage:
    """A package called `name` from one of the inputs `known`, in a random order of its systems."""
    systems = draw(st.lists(st.sampled_from(ALL_SYSTEMS), min_size=1, unique=True))
    others = draw(st.permutations([system for system in ALL_SYSTEMS if system not in systems]))
    indexes = sorted(each for each in known if known[each].is_index)
    return LockedPackage(
        name=name,
        input=draw(st.sampled_from(sorted(known))),
        request=draw(VISIBLE),
        version=draw(st.from_regex(r"[0-9A-Za-z][0-9A-Za-z.+!~:_-]{0,20}", fullmatch=True)),
        systems={system: draw(builds(indexes)) for system in systems},
        lacking={system: draw(VISIBLE) for system in others[: draw(st.integers(0, len(others)))]},
    )


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    """Any lock with a few packages."""
    known = {name: draw(inputs(name)) for name in draw(st.lists(INPUT_NAMES, min_size=1, max_size=3, unique=True))}
    names = draw(st.lists(PACKAGE_NAMES, max_size=4, unique=True))
    dependencies = draw(st.lists(PACKAGE_NAMES, max_size=3, unique=True))
    return Lock(
        draw(KEYS),
        known,
        {name: replace(draw(packages(name, known)), overrides=draw(st.none() | KEYS)) for name in names},
        draw(st.none() | packages(RUNTIME_NAME, known)),
        {name: draw(packages(name, known)) for name in dependencies},
    )


Key = TypeVar("Key")
Value = TypeVar("Value")


def mix(mapping: Mapping[Key, Value], random: Random) -> dict[Key, Value]:
    return dict(random.sample(list(mapping.items()), len(mapping)))


def shuffled(lock: Lock, random: Random) -> Lock:
    """The same lock with all its mappings in another order."""
    mixed = {name: shuffled_package(each, random) for name, each in mix(lock.packages, random).items()}
    runtime = None if lock.runtime is None else shuffled_package(lock.runtime, random)
    dependencies = {name: shuffled_package(each, random) for name, each in mix(lock.dependencies, random).items()}
    return Lock(lock.fingerprint, mix(lock.inputs, random), mixed, runtime, dependencies)


def shuffled_package(package: LockedPackage, random: Random) -> LockedPackage:
    return replace(package, systems=mix(package.systems, random), lacking=mix(package.lacking, random))


@given(locks())
def test_what_is_written_is_read_back(lock: Lock) -> None:
    """A lock survives its file: reading gives the same values, and writing again the same bytes."""
    text = format_lock(lock)
    assert parse_lock(text, "devenv.lock") == lock
    assert format_lock(parse_lock(text, "devenv.lock")) == text


@given(locks(), st.randoms(use_true_random=False))
def test_order_of_making_does_not_show(lock: Lock, random: Random) -> None:
    """Packages that were locked in another order, on another machine, give the same bytes."""
    assert format_lock(shuffled(lock, random)) == format_lock(lock)


def split_tables(text: bytes) -> list[str]:
    """The tables of a lock with their headers, and what stands before the first one, but for the format."""
    return re.sub(r"\nversion = [123]\n", "\n", text.decode(), count=1).rstrip("\n").split("\n\n")


@given(locks(), st.data())
def test_a_change_stays_in_its_own_tables(lock: Lock, data: st.DataObject) -> None:
    """Adding, changing or removing a package changes lines of that package's tables only (DESIGN section 7).

    The format may change too, with the first package that is of Debian, or built from source, and with the last one.
    """
    name = data.draw(st.sampled_from([*lock.packages, "new", "a+b"]))
    key = name if name.replace("-", "").replace("_", "").isalnum() else f'"{name}"'
    others = {other: package for other, package in lock.packages.items() if other != name}
    expected = split_tables(format_lock(replace(lock, packages=others)))
    changed = {**others, name: data.draw(packages(name, lock.inputs))}
    for contents in (lock.packages, changed):
        tables = split_tables(format_lock(replace(lock, packages=contents)))
        own = (f"[packages.{key}]", f"[packages.{key}.", f"[[packages.{key}.")
        assert [table for table in tables if not table.startswith(own)] == expected


@pytest.mark.parametrize("environ", [
    {"LC_ALL": "C"}, {"LC_ALL": "tr_TR.UTF-8"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"TZ": "Pacific/Kiritimati", "HOME": "/nowhere", "PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"},
])  # fmt: skip
def test_surroundings_do_not_show(environ: dict[str, str]) -> None:
    """Locale, time zone, home and hash seed change no byte of a lock (FAULTS O-02)."""
    path = resource_path("lockfile", "vectors", "valid", "everything.toml")
    program = (
        "import sys; from devenv.lock.format import format_lock; from devenv.lock.parse import parse_lock;"
        "sys.stdout.buffer.write(format_lock(parse_lock(sys.stdin.buffer.read(), 'devenv.lock')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=path.read_bytes(),
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        check=True,
    )
    assert done.stdout == path.read_bytes()


FINGERPRINT = "blake3:" + "0" * 64
PACKAGE = LockedPackage("a", "base", "*", "1", {System.X86_64_LINUX: LockedBuild((), FINGERPRINT)})


@pytest.mark.parametrize(("field", "value"), [
    ("name", "../a"), ("input", "A"), ("request", "a\nb"), ("request", ""), ("version", "1\x1b[2J"),
    ("version", "../1"),
    ("systems", {}), ("lacking", {System.X86_64_LINUX: "contradiction"}), ("lacking", {System.AARCH64_LINUX: "\n"}),
])  # fmt: skip
def test_impossible_packages_cannot_be_made(field: str, value: object) -> None:
    """What no lock can hold is refused where it is made, before a file is written that nobody can read."""
    with pytest.raises(FieldError):
        replace(PACKAGE, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("requires", [Requirement("musl", (1, 2)), Requirement("glibc", (2, 10_000))])
def test_impossible_artifacts_cannot_be_made(requires: Requirement) -> None:
    """A platform that the format cannot spell is refused where the artifact is made."""
    with pytest.raises(FieldError):
        LockedArtifact("pypi:x.whl", "0" * 64, 1, requires)


def test_impossible_locks_cannot_be_made() -> None:
    """A package under another's name, or without its input, is refused where the lock is made."""
    key = "blake3:" + "0" * 64
    inputs = {"base": LockedInput("base", "builtin:base", key)}
    assert Lock(key, inputs, {"a": PACKAGE}).packages == {"a": PACKAGE}
    for wrong_inputs, wrong_packages in (({}, {"a": PACKAGE}), (inputs, {"b": PACKAGE})):
        with pytest.raises(FieldError):
            Lock(key, wrong_inputs, wrong_packages)
    with pytest.raises(FieldError):
        Lock(key, inputs, {}, PACKAGE)


def test_the_lowest_format_that_can_say_it() -> None:
    """A lock is of format 2 if something of Debian is in it or programs have a runtime, else as it always was."""
    key = "blake3:" + "0" * 64
    base = {"base": LockedInput("base", "builtin:base", key)}
    index = {"debian": LockedInput("debian", "debian:sid", key, {"sid": "2026-11-18T22:17:41Z"})}
    deb = LockedArtifact("debian:pool/main/a/a/a_1_all.deb", "0" * 64, 1)
    of_deb = replace(PACKAGE, systems={System.X86_64_LINUX: LockedBuild((deb,), key)})
    locks_ = [
        Lock(key, base, {"a": PACKAGE}),
        Lock(key, {**base, **index}, {"a": PACKAGE}),
        Lock(key, base, {"a": of_deb}),
        Lock(key, base, {}, replace(PACKAGE, name=RUNTIME_NAME)),
    ]
    assert [format_lock(lock).splitlines()[1] for lock in locks_] == [b"version = 1", *[b"version = 2"] * 3]


def test_artifacts_of_the_runtime() -> None:
    """What has to be fetched includes the runtime's files, and one file has one size there too."""
    file = LockedArtifact("pypi:x.whl", "0" * 64, 1)
    runtime = replace(PACKAGE, name=RUNTIME_NAME, systems={System.X86_64_LINUX: LockedBuild((file,), FINGERPRINT)})
    lock = replace(lock_of(), runtime=runtime)
    assert list(lock.iter_artifacts()) == [file]
    other = replace(PACKAGE, systems={System.X86_64_LINUX: LockedBuild((replace(file, size=2),), FINGERPRINT)})
    with pytest.raises(FieldError):
        replace(lock_of(other), runtime=runtime)


def package(name: str, version: str = "1") -> LockedPackage:
    return replace(PACKAGE, name=name, version=version)


def lock_of(*packages_: LockedPackage) -> Lock:
    inputs = {"base": LockedInput("base", "builtin:base", "blake3:" + "0" * 64)}
    return Lock("blake3:" + "0" * 64, inputs, {each.name: each for each in packages_})


def test_branches_merge(tmp_path: Path) -> None:
    """Changes to packages that are no neighbours merge line by line into the lock that has both (DESIGN section 7)."""
    b, d, f = package("b"), package("d"), package("f")
    sides = {
        "ours": lock_of(package("a"), b, d, f),
        "base": lock_of(b, d, f),
        "theirs": lock_of(b, d, package("f", "2")),
    }
    for name, lock in sides.items():
        (tmp_path / name).write_bytes(format_lock(lock))
    merged = subprocess.run(["git", "merge-file", "-p", *sides], cwd=tmp_path, capture_output=True, check=True).stdout
    assert merged == format_lock(lock_of(package("a"), b, d, package("f", "2")))


@pytest.mark.parametrize(("locator", "filename"), [
    ("pypi:packages/aa/bb/x-1.0.whl", "x-1.0.whl"), ("pypi:x%2B1.whl", "x+1.whl"), ("pypi:../../a%20b", "a b"),
    ("debian:security/pool/updates/main/a/a/a_1%3a1+b~c_all.deb", "a_1:1+b~c_all.deb"),
])  # fmt: skip
def test_file_names(locator: str, filename: str) -> None:
    """An artifact is shown, and its project recognised, by the name that its registry gives it."""
    assert LockedArtifact(locator, "0" * 64, 1).filename == filename
