"""Why two keys differ: each kind of difference, where it is, and never nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.derivation.compare import SHOWN_LINES, Difference, Document, iter_differences
from devenv.derivation.model import Derivation, Input

ZLIB, OPENSSL = (Derivation(name, "x86_64-linux", "script/1") for name in ("zlib-1.3", "openssl-3.0"))
SYSROOT = Derivation("sysroot-14", "x86_64-linux", "sysroot/1")
BASE = Derivation(
    name="app-1.0",
    system="x86_64-linux",
    builder="script/1",
    arguments={
        "script": "configure\nmake\nmake install\n",
        "inputs": ["sysroot", "zlib"],
        "roles": ["sysroot", "input"],
        "sources": ["a.tar.gz"],
    },
    environment={"CFLAGS": "-O2"},
    inputs=(Input(SYSROOT), Input(ZLIB)),
    sources=("a" * 64,),
)


def compare(first: Derivation, second: Derivation, known: Mapping[str, Document] | None = None) -> list[Difference]:
    """What differs, where all derivations below the two are remembered as a disk has them, or only `known` ones."""
    documents = {**_documents(first), **_documents(second)} if known is None else known
    return list(iter_differences(first.key, second.key, documents.get))


def _documents(derivation: Derivation) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    pending = [derivation]
    while pending:
        each = pending.pop()
        if each.key not in documents:
            documents[each.key] = json.loads(json.dumps(each.document))
            pending += [below.derivation for below in each.inputs]
    return documents


def having(**arguments: Any) -> Derivation:
    return replace(BASE, arguments={**BASE.arguments, **arguments})


CHANGES = {
    "name": (replace(BASE, name="app-1.1"), ("the name", "app-1.0", "app-1.1")),
    "system": (replace(BASE, system="aarch64-linux"), ("the system", "x86_64-linux", "aarch64-linux")),
    "builder": (replace(BASE, builder="script/2"), ("the builder", "script/1", "script/2")),
    "variable": (replace(BASE, environment={"CFLAGS": "-O3"}), ("the variable CFLAGS", "-O2", "-O3")),
    "variable that went": (replace(BASE, environment={}), ("the variable CFLAGS", "-O2", None)),
    "variable that came": (
        replace(BASE, environment={"CFLAGS": "-O2", "A": ""}),
        ("the variable A", None, ""),
    ),
    "line": (
        having(script="configure --fast\nmake\nmake install\n"),
        ("the script", "configure", "configure --fast"),
    ),
    "line that came": (having(script="configure\nmake\nmake check\nmake install\n"), ("the script", "", "make check")),
    "end of the script": (having(script="configure\nmake\nmake install"), ("the script", "", "")),
    "role": (having(roles=["sysroot", "tool"]), ("the role of zlib", "input", "tool")),
    "output of an input": (
        replace(BASE, inputs=(Input(SYSROOT), Input(ZLIB, "dev"))),
        ("the output of zlib", "out", "dev"),
    ),
    "order of inputs": (
        replace(having(inputs=["zlib", "sysroot"], roles=["input", "sysroot"]), inputs=BASE.inputs[::-1]),
        ("the order of the inputs", "sysroot zlib", "zlib sysroot"),
    ),
    "argument": (having(strip=True), ("the argument strip", None, "true")),
    "outputs": (replace(BASE, outputs=("out", "dev")), ("the outputs", "", "dev")),
    "content": (replace(BASE, output_hash="x"), ("the content", None, "x")),
}


@pytest.mark.parametrize("case", CHANGES)
def test_each_kind_of_difference(case: str) -> None:
    """Whatever a key is made of is named when it differs, with what it was and is."""
    after, expected = CHANGES[case]
    assert compare(BASE, after) == [Difference((), *expected)]


def test_files() -> None:
    """A source that was replaced is told by the name that the script knows it by, and so is another order."""
    after = replace(BASE, sources=("b" * 64,))
    assert compare(BASE, after) == [
        Difference((), "a file", f"a.tar.gz {'a' * 64}", None),
        Difference((), "a file", None, f"a.tar.gz {'b' * 64}"),
    ]
    two = replace(having(sources=["a", "b"]), sources=("a" * 64, "b" * 64))
    swapped = replace(having(sources=["b", "a"]), sources=("b" * 64, "a" * 64))
    (difference,) = compare(two, swapped)
    assert difference.what == "the order of the files"


def test_nested_arguments() -> None:
    """Of an argument that is a table or a list only what differs in it is told, and 1 is not `true`."""
    one = Derivation("x", "any", "bundle/1", {"hide": {"a": ["b", "c"], "same": [1]}, "inputs": {"x": 1}})
    other = Derivation("x", "any", "bundle/1", {"hide": {"a": ["b", "d"], "same": [1]}, "inputs": {"x": True}})
    assert compare(
        replace(one, arguments={"hide": one.arguments["hide"], "x": 1}),
        replace(other, arguments={"hide": other.arguments["hide"], "x": True}),
    ) == [Difference((), "the argument hide.a", "c", "d"), Difference((), "the argument x", "1", "true")]


def test_inputs_that_came_and_went() -> None:
    """An input that is there in one of them only is told by name and key."""
    after = replace(
        having(inputs=["sysroot", "openssl"], roles=["sysroot", "input"]), inputs=(Input(SYSROOT), Input(OPENSSL))
    )
    assert compare(BASE, after) == [
        Difference((), "the input openssl", None, OPENSSL.key),
        Difference((), "the input zlib", ZLIB.key, None),
    ]


def test_an_input_is_gone_into() -> None:
    """What differs in an input is told with the way to it, and what only follows from that is not."""
    below = Derivation("zlib-1.3", "x86_64-linux", "script/1", environment={"CFLAGS": "-g"})
    middle = [replace(BASE, inputs=(Input(SYSROOT), Input(each))) for each in (ZLIB, below)]
    first, second = (
        Derivation("environment", "any", "compose/1", inputs=(Input(SYSROOT), Input(each))) for each in middle
    )
    assert compare(first, second) == [Difference(("app", "zlib"), "the variable CFLAGS", None, "-g")]


def test_inputs_without_names() -> None:
    """Inputs of builders that name none are called as they call themselves; two of one name are told apart."""
    changed = replace(ZLIB, environment={"A": "1"})
    first = Derivation("e", "any", "compose/1", inputs=(Input(SYSROOT), Input(OPENSSL), Input(ZLIB), Input(ZLIB)))
    second = replace(first, inputs=(Input(SYSROOT), Input(OPENSSL), Input(ZLIB), Input(changed)))
    assert compare(first, second) == [Difference(("zlib (4)",), "the variable A", None, "1")]


def test_what_nobody_remembers() -> None:
    """Of a derivation whose form is not known any more only the keys are told, at the top and below."""
    other = replace(BASE, name="other")
    assert compare(BASE, other, {}) == [Difference((), "the key", BASE.key, other.key)]
    changed = replace(ZLIB, environment={"A": "1"})
    after = replace(BASE, inputs=(Input(SYSROOT), Input(changed)))
    known = {each.key: each.document for each in (BASE, after, ZLIB)}
    assert compare(BASE, after, known) == [Difference(("zlib",), "the key", ZLIB.key, changed.key)]
    one, two = (Derivation("e", "any", "compose/1", inputs=(Input(each),)) for each in (ZLIB, changed))
    assert compare(one, two, {each.key: each.document for each in (one, two)}) == [
        Difference(("input 1",), "the key", ZLIB.key, changed.key)
    ]


def test_long_differences_are_cut() -> None:
    """Of a script that was replaced the first lines are told, and how many more there are."""
    before, after = (having(script="\n".join(f"{word} {number}" for number in range(50))) for word in ("old", "new"))
    (difference,) = compare(before, after)
    assert difference.before is not None
    assert difference.before.split("\n") == [*(f"old {number}" for number in range(SHOWN_LINES)), "… and 38 more"]


def test_pairs_are_seen_once() -> None:
    """A cause below 2⁴⁰ ways is found by reading each derivation a few times, and told once (N-08)."""

    def diamond(leaf: Derivation) -> Derivation:
        top = leaf
        for level in range(40):
            sides = [Derivation(f"{side}{level}", "any", "x/1", inputs=(Input(top),)) for side in "ab"]
            top = Derivation(f"top{level}", "any", "x/1", inputs=tuple(Input(side) for side in sides))
        return top

    first, second = diamond(ZLIB), diamond(replace(ZLIB, environment={"A": "1"}))
    documents = {**_documents(first), **_documents(second)}
    asked = list[str]()

    def load(key: str) -> Document | None:
        asked.append(key)
        return documents.get(key)

    (difference,) = iter_differences(first.key, second.key, load)
    assert (difference.what, len(difference.path)) == ("the variable A", 80)
    assert len(asked) < 8 * 121


def derivations() -> st.SearchStrategy[Derivation]:
    """Derivations that differ in many ways, with inputs below them."""
    names = st.sampled_from(["a", "b"])
    values = st.one_of(st.none(), st.booleans(), st.integers(0, 1), names, st.lists(names, max_size=2))
    arguments = st.fixed_dictionaries(
        {},
        optional={
            "script": st.sampled_from(["", "x", "x\n", "x\ny"]),
            "inputs": st.lists(names, max_size=2),
            "roles": st.lists(names, max_size=2),
            "sources": st.lists(names, max_size=2),
            "other": st.one_of(values, st.dictionaries(names, values, max_size=2)),
        },
    )

    def made(inputs: st.SearchStrategy[tuple[Input, ...]]) -> st.SearchStrategy[Derivation]:
        return st.builds(
            Derivation,
            name=names,
            system=names,
            builder=names,
            arguments=arguments,
            environment=st.dictionaries(names, names, max_size=2),
            inputs=inputs,
            sources=st.lists(names, max_size=2).map(tuple),
            outputs=st.sampled_from([("out",), ("out", "dev")]),
            output_hash=st.sampled_from([None, "x"]),
        )

    leaf = made(st.just(()))
    above = st.lists(st.builds(Input, leaf, st.sampled_from(["out", "dev"])), max_size=3).map(tuple)
    return made(above)


@given(derivations(), derivations())
def test_never_nothing_without_reason(first: Derivation, second: Derivation) -> None:
    """Equal documents give nothing; where keys differ, something is told."""
    assert compare(first, first) == []
    assert bool(compare(first, second)) == (first.key != second.key)


def test_empty_list_is_not_nothing() -> None:
    """Derivations that differ only in an empty list of names, which nothing else shows, are told by their keys."""
    bare = Derivation("app-1.0", "x86_64-linux", "script/1")
    empty = replace(bare, arguments={"sources": []})
    assert compare(bare, empty) == [Difference((), "the key", bare.key, empty.key)]
