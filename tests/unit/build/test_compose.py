"""`compose/1`: packages become one environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devenv.build.builders import BUILDERS
from devenv.build.builders.request import BuilderRequest
from devenv.errors import BuildError
from devenv.nar.nodes import Directory, Symlink
from tests.trees import Link, Script, Tree, write_files

Compose = Callable[..., dict[str, str]]
NODE: Tree = {
    b"bin": {b"node": Script(b"node")},
    b"lib": {b"node_modules": {b"npm": {b"x": b""}}},
    b"share": {b"man": {b"man1": {b"node.1": b""}}},
    b"README": b"",
}


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    """Joins trees (name → tree): where each link points, seen from the objects; directories point nowhere."""

    def run(**trees: Tree) -> dict[str, str]:
        inputs = [write_files(tree, tmp_path / f"{'0' * 32}-{name}") for name, tree in trees.items()]
        result = {}
        for node in BUILDERS["compose/1"](BuilderRequest("environment", {}, (), tuple(inputs), Path("out"))):
            assert isinstance(node, Directory | Symlink)
            target = os.fsdecode(node.target) if isinstance(node, Symlink) else ""
            result[os.fsdecode(b"/".join(node.path))] = target.removeprefix(f"{tmp_path}/{'0' * 32}-")
        return result

    return run


def test_one_provider_is_one_link(compose: Compose) -> None:
    """A directory that only one package has is one link, so that an environment has few entries; the top is real."""
    assert compose(node=NODE) == {
        "": "",
        "bin": "",
        "bin/node": "node/bin/node",
        "lib": "",
        "lib/node_modules": "node/lib/node_modules",
        "share": "",
        "share/man": "node/share/man",
    }


def test_directories_are_merged(compose: Compose) -> None:
    """A directory of several packages is made anew, as far down as they meet."""
    just: Tree = {
        b"bin": {b"just": Script(b"")},
        b"share": {b"man": {b"man1": {b"just.1": b""}, b"man5": {b"j.5": b""}}},
    }
    assert compose(just=just, node=NODE) == {
        "": "",
        "bin": "",
        "bin/just": "just/bin/just",
        "bin/node": "node/bin/node",
        "lib": "",
        "lib/node_modules": "node/lib/node_modules",
        "share": "",
        "share/man": "",
        "share/man/man1": "",
        "share/man/man1/just.1": "just/share/man/man1/just.1",
        "share/man/man1/node.1": "node/share/man/man1/node.1",
        "share/man/man5": "just/share/man/man5",
    }


def test_order_of_packages_does_not_matter(compose: Compose) -> None:
    """Without collisions the result does not depend on the order of the inputs."""
    other: Tree = {b"bin": {b"other": b""}, b"lib": {b"o": b""}}
    first, second = compose(a=NODE, b=other), compose(c=other, d=NODE)
    without_object = [{path: target.partition("/")[2] for path, target in each.items()} for each in (first, second)]
    assert without_object[0] == without_object[1]
    assert list(first) == list(second)


def test_identical_files_are_accepted(compose: Compose) -> None:
    """The same file from two packages is no collision: a licence, say. The first is taken."""
    tree: Tree = {b"share": {b"licence": b"MIT"}}
    assert compose(one=tree, two=tree)["share/licence"] == "one/share/licence"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b"one", b"two"),
        (b"same", Script(b"same")),
        (b"file", {b"d": b""}),
        ({b"d": b""}, b"file"),
        (b"file", Link(b"nowhere")),
        (Link(b"nowhere"), Link(b"nowhere")),
        ({b"d": b""}, Link(b".")),
    ],
)
def test_collisions_name_both(compose: Compose, first: Tree, second: Tree) -> None:
    """What two packages both have, and not alike, is an error that names both and the file."""
    with pytest.raises(BuildError) as caught:
        compose(one={b"bin": {b"x": first}}, two={b"bin": {b"x": second}})
    assert caught.value.slug == "compose-collision"
    assert all(name in caught.value.message for name in ("`one`", "`two`", "`bin/x`"))
    assert caught.value.hint


def test_links_are_not_followed(compose: Compose, tmp_path: Path) -> None:
    """A link to a directory is an entry like a file: what it points to is not joined (it may lie anywhere)."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").touch()
    assert compose(one={b"lib": {b"l": Link(b"../../outside")}})["lib/l"] == "one/lib/l"
    assert compose(two={b"bin": Link(b"../outside")})["bin"] == "two/bin"


def test_nothing_to_join(compose: Compose) -> None:
    """Packages without anything to join, and no packages at all, make an empty environment."""
    assert compose() == compose(one={b"README": b"", b"bin": {}}) == {"": ""}


def test_takes_no_arguments() -> None:
    """Arguments that would be ignored are refused."""
    with pytest.raises(BuildError) as caught:
        list(BUILDERS["compose/1"](BuilderRequest("environment", {"order": []}, (), (), Path("out"))))
    assert caught.value.slug == "arguments-invalid"
