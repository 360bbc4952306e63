"""Derivations: what their keys depend on."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import pytest
from blake3 import blake3

from devenv.derivation.model import Derivation, Input
from devenv.store_path import StorePath

BASE = Derivation(
    name="tool-1",
    system="x86_64-linux",
    builder="unpack/1",
    arguments={"place": {"bin": "bin", "a": "b"}, "format": "zip"},
    environment={"B": "2", "A": "1"},
    sources=("a" * 64,),
)
DIGEST = "0123456789abcdfghijklmnpqrsvwxyz"


def diamond(levels: int, leaf: str = "leaf") -> Derivation:
    """A graph in which the number of ways to the leaf doubles with each level."""
    top = Derivation(leaf, "x86_64-linux", "text/1")
    for level in range(levels):
        sides = [Derivation(f"{side}{level}", "x86_64-linux", "text/1", inputs=(Input(top),)) for side in "ab"]
        top = Derivation(f"top{level}", "x86_64-linux", "text/1", inputs=tuple(Input(side) for side in sides))
    return top


def test_key_by_definition() -> None:
    """A key is BLAKE3 over the canonical form that DESIGN section 4 defines, spelt out here once."""
    below = Derivation("leaf", "any", "text/1")
    derivation = dataclasses.replace(BASE, name="ü", inputs=(Input(below, "dev"),), output_hash="sha256:00")
    canonical = (
        '{"arguments":{"format":"zip","place":{"a":"b","bin":"bin"}},"builder":"unpack/1",'
        '"environment":{"A":"1","B":"2"},"format":1,'
        f'"inputs":[{{"derivation":"{below.key}","output":"dev"}}],'
        '"name":"ü","output_hash":"sha256:00","outputs":["out"],'
        f'"sources":["{"a" * 64}"],"system":"x86_64-linux"}}'
    )
    assert derivation.key == "blake3:" + blake3(canonical.encode()).hexdigest()
    assert json.loads(canonical)


def test_key_is_pinned() -> None:
    """Keys stand in locks: they must never change for what they describe."""
    assert BASE.key == "blake3:6394055568ad45c900f363c09359f31449addbc9f6cf8216a07b4da40aec40e1"


def test_key_ignores_order_of_mappings() -> None:
    """The order in which a recipe writes arguments is no difference."""
    other = dataclasses.replace(
        BASE,
        arguments={"format": "zip", "place": {"a": "b", "bin": "bin"}},
        environment={"A": "1", "B": "2"},
    )
    assert other.key == BASE.key
    assert other == BASE
    assert hash(other) == hash(BASE)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "tool-2"},
        {"system": "aarch64-linux"},
        {"builder": "unpack/2"},
        {"arguments": {}},
        {"arguments": {"place": {"bin": "bin", "a": "b"}, "format": "zip", "strip": ""}},
        {"arguments": {"place": {"bin": "bin", "a": ["b"]}, "format": "zip"}},
        {"environment": {"A": "1", "B": ""}},
        {"inputs": (Input(Derivation("x", "any", "text/1")),)},
        {"sources": ("b" * 64,)},
        {"sources": ("a" * 64, "a" * 64)},
        {"outputs": ("out", "dev")},
        {"output_hash": "sha256:" + "0" * 64},
    ],
)
def test_key_covers_every_field(change: dict[str, Any]) -> None:
    """Whatever goes into a build changes its key: nothing that was built otherwise is ever found under it."""
    changed = dataclasses.replace(BASE, **change)
    assert changed.key != BASE.key
    assert changed != BASE
    assert changed.resolved_key(dict.fromkeys(changed.inputs, StorePath(DIGEST, "x"))) != BASE.resolved_key({})


def test_every_field_is_covered() -> None:
    """A field that is added later cannot be forgotten in the key."""
    document = BASE._document([])
    assert {field.name for field in dataclasses.fields(Derivation)} - {"key"} == set(document) - {"format"}


def test_key_covers_inputs_recursively() -> None:
    """A change far below changes the key at the top, and so do another output and another order of inputs."""
    assert diamond(3).key == diamond(3).key
    assert diamond(3).key != diamond(3, "other").key
    one, two = Input(BASE), Input(diamond(1))
    keys = {
        dataclasses.replace(BASE, inputs=inputs).key
        for inputs in [(one, two), (two, one), (one,), (Input(BASE, "dev"), two)]
    }
    assert len(keys) == 4


def test_resolved_key_depends_on_outputs_only() -> None:
    """Two derivations whose inputs came out alike have one resolved key: what is above is built once (early cutoff)."""
    path, other = StorePath(DIGEST, "leaf"), StorePath(DIGEST[::-1], "leaf")
    first = dataclasses.replace(BASE, inputs=(Input(diamond(1)),))
    second = dataclasses.replace(BASE, inputs=(Input(diamond(1, "other")),))
    assert first.key != second.key
    assert first.resolved_key({first.inputs[0]: path}) == second.resolved_key({second.inputs[0]: path})
    assert first.resolved_key({first.inputs[0]: path}) != first.resolved_key({first.inputs[0]: other})
    assert first.resolved_key({first.inputs[0]: path}) != first.key


def test_deep_and_wide_graphs_are_cheap() -> None:
    """Keys, comparison, hashing and printing of a graph take time by its nodes, not by the ways through it (N-08)."""
    start = time.process_time()
    first, second = diamond(40), diamond(40)
    assert first == second
    assert len({first, second, Input(first), Input(second)}) == 2
    assert len(repr(first)) < 1000
    assert time.process_time() - start < 1


def test_long_chains() -> None:
    """A chain longer than Python's stack is deep has a key."""
    top = BASE
    for _ in range(3000):
        top = dataclasses.replace(BASE, inputs=(Input(top),))
    assert top.key != BASE.key


def test_scratch_digest() -> None:
    """The digest under which an output calls itself is of a store path's length, and differs between derivations."""
    assert str(StorePath(BASE.scratch_digest(), "x")) == f"{BASE.scratch_digest()}-x"
    assert BASE.scratch_digest() != diamond(1).scratch_digest()


def test_no_numbers_that_are_none() -> None:
    """What JSON cannot say has no key: other implementations could not compute it."""
    with pytest.raises(ValueError, match="JSON"):
        dataclasses.replace(BASE, arguments={"x": float("nan")})
