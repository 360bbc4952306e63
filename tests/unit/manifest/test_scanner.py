"""The scanner against `tomllib`: it must find everything that `tomllib` accepts, where it stands."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from devenv.manifest.positions import Path
from devenv.manifest.scanner import LimitExceededError, scan_positions


def iter_values(data: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Everything below `data` with its path, tables and arrays included."""
    children: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield (*path, key), value
        yield from iter_values(value, (*path, key))


def check_positions(text: str) -> None:
    """Each value is what stands at its place; each key too; nothing is missing and nothing is too much."""
    data = tomllib.loads(text)
    positions = scan_positions(text)
    values = dict(iter_values(data))
    assert positions.repeated is None
    assert positions.values.keys() <= values.keys()
    assert positions.keys.keys() <= values.keys()
    for path, value in values.items():
        span = positions.values.get(path)
        if span is not None:
            assert same(tomllib.loads(f"x = {text[span.start : span.end]}")["x"], value), path
        else:
            # A table or an array of tables that no value in the text stands for.
            assert isinstance(value, dict | list)
            assert value == {} or any(other[: len(path)] == path for other in positions.keys)
        if isinstance(path[-1], str):
            assert first_key(text[positions.keys[path] :]) == path[-1]
    assert_statements(text, data)


def same(one: object, other: object) -> bool:
    # NaN is not equal to itself; text shows it, and the order of keys does not matter to `==`.
    return one == other or repr(one) == repr(other)


def first_key(text: str) -> str:
    """The first part of the dotted key that `text` begins with."""
    for end in range(1, len(text) + 1):
        try:
            (key,) = tomllib.loads(f"{text[:end]} = 1")
        except tomllib.TOMLDecodeError:
            continue
        following = text[end : end + 1]
        if text[0] in "\"'" or following in set(" \t.=]") or not following:
            return key
    raise AssertionError(text)


def assert_statements(text: str, data: dict[str, Any]) -> None:
    """The statements alone, without what stands between them, are the same document."""
    spans = [statement.span for statement in scan_positions(text).statements]
    assert all(one.end <= other.start for one, other in itertools.pairwise(spans))
    rest = "\n".join(text[span.start : span.end] for span in spans)
    assert same(tomllib.loads(rest), data)


# Documents that are assembled from spellings

NAMES = st.text(st.sampled_from("ab1_-. \"'\\é[]#=\n"), max_size=3)


@st.composite
def spelt_keys(draw: st.DrawFn, name: str) -> str:
    """One of the ways in which TOML can spell the key `name`."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    ways = [f'"{escaped}"', '"' + "".join(f"\\U{ord(character):08x}" for character in name) + '"']
    if "'" not in name and "\n" not in name:
        ways.append(f"'{name}'")
    if name and all(character.isascii() and (character.isalnum() or character in "_-") for character in name):
        ways.append(name)
    return draw(st.sampled_from(ways))


SPACE = st.sampled_from(["", "", " ", "\t", "  "])
BREAK = st.sampled_from(["", " ", "\n", "\r\n", " # ] } , = \" '\n", "\n\n\t"])

SCALARS = st.sampled_from(
    [
        "1", "-0x1f", "+1_000", "1e-3", "nan", "-inf", "true", "false", "1979-05-27", "1979-05-27 07:32:00",
        "1979-05-27T07:32:00.5Z", "1979-05-27 07:32:00-07:00", "07:32:00", '""', "''", '"a # b"', "'a \\ b'",
        '"\\"\\\\"', '"[x] = {}, "', '""""""', "''''''", '"""a"""', '"""a""b"""', '"""a"b""\\""c"""', '"""a"""""',
        "'''a'''''", "'''a''b'c'''", '"""\n[a]\nb = 1\n"""', "'''\r\n# x\r\n'''", '"""a \\\n  b"""', '"""\\\\"""',
        '"""""a"""',
    ]
)  # fmt: skip


@st.composite
def spelt_values(draw: st.DrawFn, depth: int = 0) -> str:
    """A value of any kind."""
    kind = draw(st.sampled_from(["scalar", "scalar", "array", "table"])) if depth < 3 else "scalar"
    if kind == "scalar":
        return draw(SCALARS)
    if kind == "array":
        items = draw(st.lists(spelt_values(depth + 1), max_size=3))
        spaced = [draw(BREAK) + item + draw(BREAK) for item in items]
        trailing = draw(st.sampled_from(["", ","])) if items else ""
        return "[" + ",".join(spaced) + trailing + draw(BREAK) + "]"
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    pairs = [draw(SPACE) + draw(spelt_pairs(name, depth + 1)) + draw(SPACE) for name in names]
    return "{" + ",".join(pairs) + draw(SPACE) + "}"


@st.composite
def spelt_pairs(draw: st.DrawFn, name: str, depth: int = 0) -> str:
    """A key, perhaps dotted, with a value."""
    parts = [name, *draw(st.lists(NAMES, max_size=2))]
    key = (draw(SPACE) + "." + draw(SPACE)).join(draw(spelt_keys(part)) for part in parts)
    return key + draw(SPACE) + "=" + draw(SPACE) + draw(spelt_values(depth))


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Tables, arrays of tables and pairs in any order; TOML's rules on repetition are left to `tomllib`."""
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        name = draw(NAMES)
        if draw(st.booleans()):
            line = draw(spelt_pairs(name))
        else:
            opening, closing = draw(st.sampled_from([("[", "]"), ("[[", "]]")]))
            parts = [name, *draw(st.lists(NAMES, max_size=2))]
            line = opening + draw(SPACE) + ".".join([draw(spelt_keys(part)) for part in parts]) + draw(SPACE) + closing
        lines.append(draw(SPACE) + line + draw(st.sampled_from(["", " ", " # a = [", "\t#"])))
    newline = draw(st.sampled_from(["\n", "\r\n", "\n\n", "\n# [x]\n"]))
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None, max_examples=300)
@given(documents())
@example("a = 1\n[b]\nc = 2\n[[d]]\ne.f = 3\n[d.g]\nh = 4\n[[d]]\n[[d.i]]\nj = [{ k = 5 }, { l.m = [6] }]\n")
@example("[a]\n[ b . 'c' . \"d\\u0065\" ] # x\n")
def test_assembled_documents(text: str) -> None:
    """What `tomllib` accepts is found whole, and each thing at its place, however it is spelt."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    check_positions(text)


PLAIN = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.floats(allow_nan=False)),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(min_size=1, max_size=5), children, max_size=3)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), PLAIN, max_size=4))
def test_documents_of_another_writer(data: dict[str, Any]) -> None:
    """What `tomlkit` writes for arbitrary data is found whole, and each thing at its place."""
    text = tomlkit.dumps(data)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # Some control characters are not escaped by every release of the writer.
        assume(False)
    check_positions(text)


@settings(deadline=None, max_examples=500)
@given(st.text(st.sampled_from("a1.=[]{}\"'\\#,\n\r \tx"), max_size=40))
@example('a = """"""""')
@example("a = '''''''")
@example('a = "\\')
@example("a.'")
@example("[[a]\n]")
def test_any_text(text: str) -> None:
    """The scanner never fails, and stops nowhere before `tomllib` does."""
    positions = scan_positions(text)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert all(0 <= each.span.start < each.span.end <= len(text) for each in positions.statements)
    else:
        check_positions(text)


@pytest.mark.parametrize("opening", ["[", "{ a = ", "[{ a = "])
def test_nesting_is_bounded(opening: str) -> None:
    """K-01: depth is refused before `tomllib`, which would overflow its stack, gets to see it."""
    with pytest.raises(LimitExceededError, match="deep"):
        scan_positions("a = " + opening * 50_000)


def test_first_of_several_places_counts() -> None:
    """A table that is spoken of in several places stands where it is first."""
    text = "[a.b]\nc.d = 1\nc.e = 2\n[a.f]\n"
    keys = scan_positions(text).keys
    assert (keys["a",], keys["a", "b"], keys["a", "b", "c"]) == (1, 3, text.index("c.d"))


@pytest.mark.parametrize(
    ("text", "path", "offset"),
    [
        ("a = 1\nb = 2\na = 3", ("a",), 12),
        ("[a]\n[a]", ("a",), 4),
        ("a = {b = 1, 'b' = 2}", ("a", "b"), 12),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\nb = 3", ("a", 1, "b"), 24),
    ],
)
def test_repetitions(text: str, path: Path, offset: int) -> None:
    """K-01: the first key or header that is there twice is found."""
    assert scan_positions(text).repeated == (path, offset)
