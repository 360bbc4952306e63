"""Where links of an output may lead."""

from __future__ import annotations

import os
import time

import pytest

from devenv.errors import BuildError
from tests.trees import Link, Tree
from tests.unit.build.script.world import World

INNER: Tree = {b"bin": {b"x": b""}, b"down": Link(b"bin"), b"here": Link(b"."), b"lib": {b"deep": {b"f": b""}}}


def fix_link(world: World, target: bytes, tree: Tree = INNER, **changes: object) -> bytes:
    """What becomes of the link `lib/l`, beside other things."""
    assert isinstance(tree, dict)
    lib = tree[b"lib"]
    assert isinstance(lib, dict)
    fixed = world.fix({**tree, b"lib": {**lib, b"l": Link(target)}}, **changes)[b"lib/l"]
    assert isinstance(fixed, Link)
    return fixed.target


@pytest.mark.parametrize(
    "target",
    [
        b"deep/f",
        b"../bin/x",
        b"..",
        b".",
        b"../down/x",
        b"missing",
        b"../here/here/bin",
        b"../down/../lib",
        b"l",
    ],
)
def test_links_within_the_output_stay(world: World, target: bytes) -> None:
    """What leads to something in the output, or to nothing there, stays as it is: who follows it gets no further."""
    assert fix_link(world, target) == target


@pytest.mark.parametrize(
    ("rest", "fixed"),
    [(b"/bin/x", b"../bin/x"), (b"", b".."), (b"/", b".."), (b"//lib/./deep", b"deep"), (b"/down/../bin", b"../bin")],
)
def test_absolute_links_into_the_output(world: World, rest: bytes, fixed: bytes) -> None:
    """They become relative, so that the object does not name itself."""
    assert fix_link(world, os.fsencode(world.out) + rest) == fixed


@pytest.mark.parametrize(
    "target",
    [
        b"/etc/shadow",
        b"/usr/lib/libc.so",
        b"/build/x",
        b"/",
        b"//etc",
        b"../..",
        b"../../x",
        b"../here/../x",
        b"deep/../../../x",
        b"../here/here/../..",
        b"../bin/../../etc",
        b"l/..",
        b"{root}",
        b"{root}/x",
        b"{root}/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-other",
        b"{out}/..",
        b"{out}/here/../..",
        b"{out}x",
    ],
)
def test_links_out_of_the_output(world: World, target: bytes) -> None:
    """What leads out is refused, also by `..` behind a link, where a comparison of names would be deceived (J-06)."""
    target = target.replace(b"{root}", os.fsencode(world.root)).replace(b"{out}", os.fsencode(world.out))
    with pytest.raises(BuildError) as caught:
        fix_link(world, target)
    assert caught.value.slug == "output-link-outside"
    assert caught.value.message.startswith("`lib/l` of `thing` is a link to `")


def test_links_into_inputs(world: World) -> None:
    """What may be used at run time may be linked to, in the path's one spelling."""
    package = world.put("zlib-1", {b"lib": {b"z": b""}})
    place = os.fsencode(package)
    sibling = world.root / f"{'z' * 32}-thing-1-lib"
    assert fix_link(world, place + b"//lib/../lib/z", inputs=(package,)) == place + b"/lib/z"
    (runtime,) = world.root.glob("*-runtime-1")
    for allowed in (runtime, sibling):
        (world.tree / "lib/l").unlink()
        (world.tree / "lib/l").symlink_to(allowed / "x")
        assert world.fix(siblings=(sibling,))[b"lib/l"] == Link(os.fsencode(allowed) + b"/x")


def test_links_through_links(world: World) -> None:
    """Behind a link to an input, `..` would leave it; a plain path behind it is the input's."""
    package = world.put("zlib-1", {b"lib": {b"z": b""}})
    tree: Tree = {**dict(INNER), b"zlib": Link(os.fsencode(package) + b"/lib")}  # type: ignore[arg-type] # a mapping
    assert fix_link(world, b"../zlib/z", tree, inputs=(package,)) == b"../zlib/z"
    (world.tree / "lib/l").unlink()
    (world.tree / "lib/l").symlink_to("../zlib/../../secret")
    with pytest.raises(BuildError, match="is a link to"):
        world.fix(inputs=(package,))


def test_links_into_tools(world: World) -> None:
    """A link to what only the build may use says that, and what to do (J-13)."""
    tool = world.put("cmake-3", {})
    with pytest.raises(BuildError) as caught:
        fix_link(world, os.fsencode(tool / "share"), tools=(tool,))
    assert caught.value.slug == "tool-referenced"
    assert "mentions the tool `cmake-3`" in caught.value.message


def test_output_that_is_a_link_to_an_input(world: World) -> None:
    """An output may be nothing but another name for an input; not for itself."""
    package = world.put("zlib-1", {})
    assert world.fix(Link(os.fsencode(package)), inputs=(package,)) == {b"": Link(os.fsencode(package))}
    world.tree.unlink()
    world.tree.symlink_to(world.out / "x")
    with pytest.raises(BuildError, match="is a link to"):
        world.fix()


def test_circles(world: World) -> None:
    """Links that lead in a circle, or double with each step, end (J-06)."""
    links = {b"l%d" % number: Link(b"l%d/l%d" % (number + 1, number + 1)) for number in range(60)}
    assert world.fix({**links, b"l60": Link(b"l0")})[b"l0"] == Link(b"l1/l1")


def test_long_ways(world: World) -> None:
    """Chains of links with thousands of names take no time that grows with their product (J-06)."""
    links = {b"l%d" % number: Link(b"l%d" % (number + 1) + b"/x" * 2000) for number in range(60)}
    started = time.process_time()
    assert world.fix({**links, b"l60": Link(b".")})[b"l0"] == links[b"l0"]
    assert time.process_time() - started < 5
    (world.tree / "l61").symlink_to("l0/" + "x/" * 700 + "../" * 600)
    with pytest.raises(BuildError, match="is a link to"):
        world.fix()
