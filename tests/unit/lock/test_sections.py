"""The lines of a lock, held against `tomllib`."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.lock.sections import LineError, Section, read_sections

FRAGMENTS = [
    "a", "key", "0", "-", "_", ".", '"', "'", "=", " = ", "[", "]", "[[", "]]", "#", " ", "\t", "\\", "\\\\", '\\"',
    "\\n", "\\u00e9", "\\ud800", "\\U0001F980", "\\U00110000", "\\x41", "\\e", "1", "-1", "01", "+1", "1_0", "0x1",
    "1.5", "true", "é", "🦀", "\u2028", "\x85", "\x0b", "\x7f", "\x00", "\r", "{", "}", ",", '""', '"""',
]  # fmt: skip
NAMES = st.sampled_from(["a", "b-c", "0", '"a"', '"x.y"', '"+"', "é", '""', "'a'", "a.b"])
VALUES = st.lists(st.sampled_from(FRAGMENTS), max_size=5).map(lambda parts: f'"{"".join(parts)}"') | st.integers(
    -(10**19), 10**19
).map(str)
LINES = (
    st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)
    | st.tuples(NAMES, st.sampled_from(["=", " = ", "\t=  "]), VALUES, st.sampled_from(["", " ", "# é", "#\x01"])).map(
        "".join
    )
    | st.lists(NAMES, min_size=1, max_size=3).map(lambda names: f"[{' . '.join(names)}]")
    | st.lists(NAMES, min_size=1, max_size=3).map(lambda names: f"[[{'.'.join(names)}]] # x")
)


def to_document(sections: list[Section]) -> dict[str, Any]:
    """What one header and its keys mean as TOML."""
    document: dict[str, Any] = {}
    for section in sections:
        table = document
        for index, name in enumerate(section.path):
            last = section.repeated and index == len(section.path) - 1
            below = table.setdefault(name, [{}] if last else {})
            table = below[0] if last else below
        table.update(section.values)
    return document


@given(LINES, st.sampled_from(["\n", "\r\n", ""]))
def test_a_line_means_what_toml_says(line: str, end: str) -> None:
    """Every line that is accepted means the same to any TOML parser, and a lock needs no other one."""
    try:
        sections = read_sections(line + end)
    except LineError:
        return
    assert tomllib.loads(line + end) == to_document(sections)


@pytest.mark.parametrize("text", [
    'a = "b"', "\ta\t=\t1 # b", '"a" = "\\t\\u00e9\\U0001F980\\\\"', "a = -1", "a = 0", "# \u2028", "[a]\nb = 1",
    '[ a . "b.c" ]', "[[a.b]] # c\nd = \"\"", "\n \t\n", "a = \"\u2028\x85\"",
])  # fmt: skip
def test_accepted_lines(text: str) -> None:
    """What the specification allows is accepted, and means what TOML says: the property above is not empty."""
    assert to_document(read_sections(text)) == tomllib.loads(text)


@pytest.mark.parametrize("text", [
    "a", "a =", "= 1", "a = b", "a = 1 2", "a = +1", "a = 01", "a = 1_0", "a = 1.0", "a = true", "a = []", "a = {}",
    "a = 'b'", 'a = """b"""', 'a = "b', 'a = "\\q"', 'a = "\\uDfff"', 'a = "\\U00110000"', "a.b = 1", "'a' = 1",
    '"" = 1', "é = 1", "[]", "[a", "[a]]", "[[a]", "[ [a]]", "[a] b", "[a.]", "a = 1\rb = 2", "\x0b", "# \x01",
    'a = "\x7f"',
])  # fmt: skip
def test_refused_lines(text: str) -> None:
    """What would take more than a line, or is no TOML, is refused at its line and column (FAULTS K-01)."""
    with pytest.raises(LineError) as caught:
        read_sections(f"x = 1\n{text}\n")
    assert (caught.value.line, caught.value.column is not None) == (2, True)


def test_errors_show_names_short_and_printable() -> None:
    """A name from the file stands in an error without controls and without end (FAULTS K-01, M-01)."""
    key = "k" * 10_000
    with pytest.raises(LineError) as caught:
        read_sections(f"[{key}]\n{key} = 1\n{key} = 2")
    assert len(caught.value.reason) < 200
    assert caught.value.line == 3
