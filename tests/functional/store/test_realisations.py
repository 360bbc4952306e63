"""Content addresses and what builds led to (FAULTS group N).

What is not tried, and why, stands in `test_untried`.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.events import ignore
from devenv.fsutil import delete_tree
from devenv.nar.nodes import Node
from devenv.settings import Settings, default_settings
from devenv.store.check import is_intact
from devenv.store.collection import collect
from devenv.store.relocation import relocate
from devenv.store.store import Store
from devenv.store_path import StorePath
from tests.fsck import check_store
from tests.homes import temporary_home
from tests.objects import SCRATCH, add_naming, lose, output, roots
from tests.trees import Link, Tree, iter_tree_nodes, write_files


class Builds:
    """A builder `test/1` that names its inputs, and remembers what it built; `note` makes it build differently."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.note = b""

    def __call__(self, request: BuilderRequest) -> Iterator[Node]:
        self.names.append(request.name)
        return iter_tree_nodes({b"n": self.note, b"uses": b"\n".join(map(os.fsencode, request.inputs))})


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    builds = Builds()
    monkeypatch.setitem(BUILDERS, "test/1", builds)
    return builds


@pytest.fixture
def settings() -> Iterator[Settings]:
    """The settings of a user with an empty home directory."""
    with temporary_home() as home:
        yield default_settings(home)


def make(name: str, *inputs: Derivation) -> Derivation:
    return Derivation(name, "x86_64-linux", "test/1", inputs=tuple(map(Input, inputs)))


def build(store: Store, derivation: Derivation) -> StorePath:
    return realize(store, [derivation], lambda _: {}, ignore)[derivation]


BELOW = make("below")
ABOVE = make("above", BELOW)


@pytest.mark.parametrize("spelling", ["gzip", "utf-16", "reversed"])
def test_hidden_paths_are_not_found(settings: Settings, spelling: str) -> None:
    """Documented: a path that is compressed or spelt otherwise is no reference and is not rewritten (N-01).

    The object is still the same whoever made it under the same root, and verifies; what it hides does not keep
    anything alive.
    """
    with Store(settings) as store:
        named = add_naming(store, "named")
        own = f"{store.root}/{SCRATCH}-thing {store.path(named)}".encode()
        hidden = {
            "gzip": gzip.compress(own, mtime=0),
            "utf-16": own.decode().encode("utf-16-le"),
            "reversed": own[::-1],
        }[spelling]
        path = store.add(output({b"f": hidden}, "thing", named))
        assert store.database.references(path) == []
        assert (store.path(path) / "f").read_bytes() == hidden
        assert is_intact(store.root, path)
    with Store(settings) as store:
        assert [dead.path for dead in collect(store, roots(path), ignore).dead] == [named]


def test_no_cycles(settings: Settings, builds: Builds) -> None:
    """Objects cannot refer to each other in a circle: each name is made from content that holds the other's (N-02).

    A derivation has one output so far; outputs that name each other come with the sandbox.
    """
    with Store(settings) as store:
        one = add_naming(store, "one")
        two = add_naming(store, "two", one)
        assert store.database.closure(two) == sorted([one, two])
        assert store.database.closure(one) == [one]
        assert store.database.problems() == []


def test_two_stores_that_disagree(settings: Settings, builds: Builds) -> None:
    """What another store's build led to is no knowledge here: its objects come, its realisations do not (N-05).

    So there is one output for a derivation in every closure: that of the build that this store knows.
    """
    with temporary_home() as home, Store(default_settings(home)) as other, Store(settings) as store:
        ours = build(store, BELOW)
        builds.note = b"not reproducible"
        theirs = build(other, ABOVE)
        relocate(store, [other.path(theirs)], ignore)
        assert store.is_complete(theirs)
        assert store.find_realisation(BELOW.key, "out") == ours
        assert store.find_realisation(ABOVE.key, "out") is None
        above = build(store, ABOVE)
        assert above != theirs
        assert store.database.references(above) == [ours]


def test_rebuilt_otherwise(settings: Settings, builds: Builds) -> None:
    """A build that leads to something else now has one output, the new one, and what is above follows (N-05, N-06)."""
    with Store(settings) as store:
        old_below, old_above = build(store, BELOW), build(store, ABOVE)
        lose(store, old_below)
        builds.note = b"not reproducible"
        above = build(store, ABOVE)
        below = store.find_realisation(BELOW.key, "out")
        assert below not in {None, old_below}
        assert store.database.references(above) == [below]
        assert not store.is_valid(old_above)
        assert [path for _, _, path in store.database.realisations()].count(old_below) == 0


def test_collected_output(settings: Settings, builds: Builds) -> None:
    """A realisation whose output was collected is built again, once, to the same path (N-06)."""
    with Store(settings) as store:
        above = build(store, ABOVE)
    with Store(settings) as store:
        assert len(collect(store, roots(), ignore).dead) == 2
    with Store(settings) as store:
        assert build(store, ABOVE) == above
        assert store.is_complete(above)
    assert builds.names == ["below", "above"] * 2
    with Store(settings) as store:
        collect(store, roots(), ignore)
    check_store(settings, finished=True)


@pytest.mark.parametrize("garbage", [b"file", {}, {b"n": b"garbage", b"d": {b"e": b""}}, Link(b"/etc")])
def test_garbage_where_an_output_belongs(settings: Settings, builds: Builds, garbage: Tree) -> None:
    """Garbage at the final path is replaced by the build; a second build leaves the object's inodes alone (N-07)."""
    with Store(settings) as store:
        path = build(store, BELOW)
    delete_tree(store.path(path))
    write_files(garbage, store.path(path))
    with Store(settings) as store:
        store.database.forget([path])
        assert build(store, BELOW) == path
        assert is_intact(store.root, path)
        inode = store.path(path).lstat().st_ino
        store.database._connection.execute("DELETE FROM realisations")
        assert build(store, BELOW) == path
        assert store.path(path).lstat().st_ino == inode


def test_forty_levels_of_two(settings: Settings, builds: Builds) -> None:
    """A graph of derivations with 2^40 ways through it is built with one build for each derivation (N-08)."""
    pair: tuple[Derivation, ...] = ()
    for level in range(40):
        pair = tuple(make(f"{side}-{level}", *pair) for side in ("left", "right"))
    top = make("top", *pair)
    with Store(settings) as store:
        path = build(store, top)
        assert len(builds.names) == len(set(builds.names)) == 81
        assert len(store.database.closure(path)) == 81
        assert build(store, top) == path
        assert len(builds.names) == 81


def test_references_in_names_and_links(settings: Settings) -> None:
    """What stands in file names and targets of links keeps alive like what stands in files (N-09)."""
    with Store(settings) as store:
        named = [add_naming(store, name) for name in ("one", "two", "three", "no")]
        tree: Tree = {
            b"by-" + named[0].digest.encode(): b"",
            b"link": Link(b"../" + str(named[1]).encode()),
            b"text": b"\0" + named[2].digest.encode() + b"\xff",
            b"near": named[3].digest[:31].encode() + b" " + b"0" * 32,
        }
        path = store.add(output(tree, "thing", *named))
        assert set(store.database.references(path)) == set(named[:3])
    with Store(settings) as store:
        assert [dead.path for dead in collect(store, roots(path), ignore).dead] == [named[3]]


def test_digest_of_a_stranger(settings: Settings) -> None:
    """What looks like a digest and is none of the inputs is text (N-10)."""
    with Store(settings) as store:
        stranger = add_naming(store, "stranger")
        path = store.add(output({b"f": stranger.digest.encode()}, "thing"))
        assert store.database.references(path) == []


def test_names_on_the_disk(settings: Settings, builds: Builds) -> None:
    """An object lies where its content says, so that two builds of one content are one object (N-07)."""
    with Store(settings) as store:
        one, two = build(store, make("same")), build(store, Derivation("same", "x86_64-linux", "test/1", {"a": 1}))
        assert one == two
        assert Path(store.path(one)).parent == store.root
    assert builds.names == ["same", "same"]
