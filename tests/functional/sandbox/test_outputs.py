"""Several outputs, names in them, and what builds led to (group N)."""

from __future__ import annotations

import gzip
import os
import time
from dataclasses import replace

import pytest

from devenv.build.plan import plan_realization
from devenv.build.realize import realize
from devenv.derivation.model import Derivation, Input
from devenv.fsutil import delete_tree
from devenv.store_path import StorePath, require_store_path
from tests.sandboxes import Workshop
from tests.scripts import no_artifacts


def outputs_of(workshop: Workshop, derivation: Derivation) -> dict[str, StorePath]:
    """What the outputs came out as."""
    workshop.build(derivation)
    found = {output: workshop.store.find_realisation(derivation.key, output) for output in derivation.outputs}
    return {output: path for output, path in found.items() if path is not None}


def test_outputs_name_each_other_one_way(workshop: Workshop) -> None:
    """An output that names another has the name that one turned out to have, and refers to it (N-02, N-09)."""
    script = """
mkdir -p $out/bin $lib
echo library > $lib/file
echo "uses $lib/file of $out" > $out/bin/program
ln -s $lib/file $out/link
"""
    derivation = workshop.derive(script, "several", outputs=("out", "lib", "doc"))
    derivation = replace(derivation, arguments={**derivation.arguments, "script": script + 'echo "see $out" > $doc'})
    found = outputs_of(workshop, derivation)
    assert {output: path.name for output, path in found.items()} == {
        "out": "several",
        "lib": "several-lib",
        "doc": "several-doc",
    }
    place = {output: workshop.store.path(path) for output, path in found.items()}
    assert (place["out"] / "bin" / "program").read_text() == f"uses {place['lib']}/file of {place['out']}\n"
    assert os.readlink(place["out"] / "link") in {f"{place['lib']}/file", f"../{found['lib']}/file"}
    assert place["doc"].read_text() == f"see {place['out']}\n"
    references = {output: set(workshop.store.database.references(path)) for output, path in found.items()}
    assert references == {"out": {found["lib"]}, "lib": set(), "doc": {found["out"]}}


@pytest.mark.parametrize(
    "script",
    ["echo $lib > $out; echo $out > $lib", "mkdir $out $lib; ln -s $lib $out/x; ln -s $out $lib/x"],
    ids=["contents", "links"],
)
def test_outputs_in_a_circle(workshop: Workshop, script: str) -> None:
    """Outputs that name each other have no names: the error says which ones (N-02)."""
    error = workshop.fail(workshop.derive(script, "circle", outputs=("out", "lib")))
    assert error.slug == "outputs-cyclic"
    assert "`lib` and `out`" in error.message


def test_three_in_a_circle(workshop: Workshop) -> None:
    """Also where the circle is longer, and across what is next to it (N-02)."""
    script = "echo $a > $out; echo $b > $a; echo $out > $b; echo free > $free"
    error = workshop.fail(workshop.derive(script, "circle", outputs=("out", "a", "b", "free")))
    assert error.slug == "outputs-cyclic"
    assert "free" not in error.message


def test_hidden_scratch_name(workshop: Workshop) -> None:
    """A name that is packed is not seen, stays what it was, and is no reference; that is documented (N-01)."""
    path = workshop.build("mkdir $out; echo $out | gzip -n > $out/packed.gz; echo $out > $out/plain")
    assert (path / "plain").read_text() == f"{path}\n"
    assert gzip.decompress((path / "packed.gz").read_bytes()).decode().strip() != str(path)


def test_collected_output_is_made_again(workshop: Workshop) -> None:
    """What was collected, or deleted by somebody, is built again, at the same path where it comes out alike (N-06)."""
    derivation = workshop.derive("echo again > $out", "collected")
    path = workshop.build(derivation)
    delete_tree(path)
    assert workshop.build(derivation) == path
    assert path.read_text() == "again\n"


def test_garbage_at_the_path(workshop: Workshop) -> None:
    """What lies unregistered at an object's path is replaced; a valid object stays the very same (N-07)."""
    derivation = workshop.derive("mkdir $out; echo right > $out/file", "garbage")
    path = workshop.build(derivation)
    inode = path.stat().st_ino
    again = replace(derivation, environment={"another": "key"})
    assert workshop.build(again) == path
    assert path.stat().st_ino == inode
    workshop.store.database.delete([require_store_path(path.name)])
    delete_tree(path)
    path.mkdir()
    (path / "file").write_text("garbage")
    assert workshop.build(replace(derivation, environment={"third": "x"})) == path
    assert (path / "file").read_text() == "right\n"


def test_references_in_names_and_targets(workshop: Workshop) -> None:
    """An input that is named in a file's name or a link's target counts as well as one in a content (N-09)."""
    inputs = [workshop.add({b"file": number.encode()}, f"input{number}") for number in "123"]
    script = (
        "mkdir $out; ln -s $input_i0/file $out/link; touch $out/$(echo $input_i1 | tr / _); echo $input_i2 > $out/file"
    )
    path = workshop.build(workshop.derive(script, "names", *inputs))
    references = workshop.store.database.references(require_store_path(path.name))
    assert {each.name for each in references} == {"input1", "input2", "input3"}


def test_words_like_digests(workshop: Workshop) -> None:
    """What only looks like a digest is no reference (N-10)."""
    path = workshop.build("echo 0123456789abcdfghijklmnpqrsvwxyz 00000000000000000000000000000000 > $out")
    assert workshop.store.database.references(require_store_path(path.name)) == []


def diamond(workshop: Workshop, levels: int) -> Derivation:
    """A graph with two ways through each level."""
    top = workshop.derive("echo leaf > $out", "leaf")
    for level in range(levels):
        sides = [workshop.derive(f"cat $inputs > $out; : {side}", f"side{side}-{level}", top) for side in "ab"]
        top = workshop.derive("cat $inputs | head -n 1 > $out", f"top{level}", *sides)
    return top


def test_forty_levels(workshop: Workshop) -> None:
    """A graph of forty levels with two ways through each is planned in no time (N-08)."""
    began = time.monotonic()
    plan = plan_realization(workshop.store, [diamond(workshop, 40)])
    assert len(plan.builds) == 121
    assert len(list(plan.sorter().static_order())) == 121
    assert time.monotonic() - began < 2


def test_diamond_is_built_once(workshop: Workshop) -> None:
    """Each script of such a graph runs once; what comes out alike is one object (N-08)."""
    top = diamond(workshop, 4)
    realized = realize(workshop.store, [top], no_artifacts, workshop.events.append, workshop.options)
    assert workshop.store.path(realized[top]).read_text() == "leaf\n"
    assert len({str(event) for event in workshop.events if "WorkStarted" in str(event)}) == 13


def test_two_stores_disagree(workshop: Workshop) -> None:
    """What came out otherwise elsewhere, and is brought here, is another object: a key keeps the one it has (N-05)."""
    derivation = workshop.derive("head -c 8 /dev/urandom > $out", "unsteady")
    above = workshop.derive("cat $inputs > $out", "above", derivation)
    first = workshop.build(above)
    elsewhere = workshop.add(b"elsewhere", "unsteady")
    assert workshop.build(above) == first
    path = workshop.store.find_realisation(derivation.key, "out")
    other = workshop.store.find_realisation(elsewhere.key, "out")
    assert path is not None
    assert other is not None
    workshop.store.register_realisation(derivation.key, "out", other)
    chosen = workshop.store.find_realisation(derivation.key, "out")
    assert chosen in {path, other}
    rebuilt = replace(above, environment={"again": "1"})
    assert workshop.build(rebuilt).read_bytes() == workshop.store.path(chosen).read_bytes()
    assert Input(derivation).output == "out"
