"""Laws of locking: whatever the manifest and however it is edited, only what was edited changes in the lock."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devenv.lock.format import format_lock
from devenv.lock.model import Lock
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import iter_unsatisfied
from devenv.manifest.model import Manifest, PackageRequest
from devenv.system import ALL_SYSTEMS, System

MakeLock = Callable[..., Lock]
MakeIndex = Callable[[Mapping[str, Sequence[str]]], Any]

TAGS = {
    System.X86_64_LINUX: "manylinux_2_17_x86_64",
    System.AARCH64_LINUX: "manylinux_2_17_aarch64",
    System.X86_64_DARWIN: "macosx_10_12_x86_64",
    System.AARCH64_DARWIN: "macosx_11_0_arm64",
}
PROJECTS = {"just": "rust-just", "maturin": "maturin", "ruff": "ruff", "shfmt": "shfmt-py", "uv": "uv"}
OLD, NEW = ("1.0.0", "1.1.0", "2.0.0"), ("1.1.1", "2.1.0", "3.0.0")
REQUESTS = ("*", "1", "1.0", ">=1.1", "<2", "2")


def files_of(*versions: str) -> dict[str, list[str]]:
    """An index that has every package in these versions for every system."""
    return {
        project: [
            f"{project.replace('-', '_')}-{version}-py3-none-{tag}.whl" for version in versions for tag in TAGS.values()
        ]
        for project in PROJECTS.values()
    }


MANIFESTS = st.builds(
    lambda systems, requests: Manifest(
        systems=None if not systems else tuple(sorted(systems)),
        packages={name: PackageRequest(name, version) for name, version in sorted(requests.items())},
    ),
    st.lists(st.sampled_from(ALL_SYSTEMS), unique=True),
    st.dictionaries(st.sampled_from(sorted(PROJECTS)), st.sampled_from(REQUESTS)),
)


def lines_of(lock: Lock) -> list[str]:
    """The lines that say something."""
    return list(filter(None, format_lock(lock).decode().splitlines()))


def tables_of(lock: Lock) -> dict[str, list[str]]:
    """The lines of a lock by the package that they belong to; those of no package by the empty name."""
    tables: dict[str, list[str]] = {"": []}
    name = ""
    for line in lines_of(lock):
        header = re.match(r"\[+packages\.([a-z0-9-]+)[.\]]", line)
        if header is not None:
            name = header[1]
        tables.setdefault(name, []).append(line)
    return tables


def changed_lines(before: Lock, after: Lock) -> int:
    """How many lines a reviewer sees."""
    return sum(line[:1] in {"+", "-"} for line in difflib.unified_diff(lines_of(before), lines_of(after), n=0)) - 2


@given(MANIFESTS, MANIFESTS)
def test_an_edit_changes_the_lines_of_what_was_edited(
    make_lock: MakeLock, make_index: MakeIndex, first: Manifest, second: Manifest
) -> None:
    """From any manifest to any other, a package asked for as before keeps its lines, whatever came out meanwhile.

    Where the systems change too, it keeps its version if that is there for them.
    """
    before = make_lock(first, make_index(files_of(*OLD)))
    after = make_lock(second, make_index(files_of(*OLD, *NEW)), before)
    assert list(iter_unsatisfied(after, second)) == []
    there, now = tables_of(before), tables_of(after)
    for name, request in second.packages.items():
        if first.packages.get(name) == request:
            assert after.packages[name].version == before.packages[name].version
            if first.systems == second.systems:
                assert now[name] == there[name]
    if first == second:
        assert format_lock(after) == format_lock(before)


@given(MANIFESTS, st.sampled_from(sorted(PROJECTS)), st.sampled_from(REQUESTS))
def test_a_package_more_and_gone_again(
    make_lock: MakeLock, make_index: MakeIndex, first: Manifest, name: str, version: str
) -> None:
    """What is added takes as many lines as it has, and taking it out again leaves the lock as it was."""
    packages = {key: each for key, each in first.packages.items() if key != name}
    without = Manifest(systems=first.systems, packages=packages)
    more = Manifest(
        systems=first.systems, packages=dict(sorted({**packages, name: PackageRequest(name, version)}.items()))
    )
    index = make_index(files_of(*OLD))
    before = make_lock(without, index)
    added = make_lock(more, index, before)
    if packages:
        assert changed_lines(before, added) == len(tables_of(added)[name])
    assert format_lock(make_lock(without, index, added)) == format_lock(before)


@given(MANIFESTS)
def test_locked_again_from_its_own_text(make_lock: MakeLock, make_index: MakeIndex, manifest: Manifest) -> None:
    """A lock that was written, read and locked again is the same to the byte, and nobody was asked."""
    text = format_lock(make_lock(manifest, make_index(files_of(*OLD))))
    idle = make_index({})
    again = make_lock(manifest, idle, parse_lock(text, "devenv.lock"))
    assert (format_lock(again), idle.asked) == (text, [])
