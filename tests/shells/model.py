"""The law of leaving as a model: any environment, any activation, any changes by the user in between.

Three values decide: what was before, what the project made of it, what is there now. What is still as the project made
it goes back; everything else is the user's. Lists are looked at entry by entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from devenv.activation.model import DEFAULT_TAILS, Entries, join_entries

PLAIN, LISTS = ("A", "B", "C"), ("PATH", "MANPATH", "XDG_DATA_DIRS", "CPATH")
NAMES = (*PLAIN, *LISTS)
ALIASES, FUNCTIONS = ("alias_one", "alias_two"), ("function_one", "function_two")
CALLED = (*ALIASES, *FUNCTIONS)
DIRECTORIES = ("/a", "/b", "/c é", "/usr/local/share", "/usr/share")

values = st.sampled_from(["", "x", "X", "x y", "é\udcff", "'\n\\", "$HOME `x`"])
lists = st.lists(st.sampled_from(["", *DIRECTORIES]), max_size=5).map(":".join)
entries = st.builds(
    lambda before, after: Entries(tuple(before), tuple(after)),
    st.lists(st.sampled_from(DIRECTORIES), max_size=3),
    st.lists(st.sampled_from(DIRECTORIES), max_size=2),
).filter(lambda entries: bool(entries.before or entries.after))
words = st.sampled_from(["one", "two", "it's", "a  b"])


def environments(some: st.SearchStrategy[str], others: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    """Values for some of the names."""
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(PLAIN, some), **dict.fromkeys(LISTS, others)})


changes = environments(
    values.map(lambda value: f"={value}") | st.just("-"),
    st.sampled_from(["-", "</first:", ">:/last", "<:", ">:", "</a:", ">:/b"]) | lists.map(lambda value: f"={value}"),
)
"""What the user does to a variable: `=` sets, `-` unsets, `<` puts something in front and `>` at the end."""


def some_called(values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    """Values for some of the aliases and functions."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(CALLED, values))


@dataclass(frozen=True)
class Case:
    """One life of a shell; aliases and functions are known by the word that they print."""

    before: Mapping[str, str]
    exported: frozenset[str]
    variables: Mapping[str, str | None]
    lists: Mapping[str, Entries]
    changes: Mapping[str, str]
    called_before: Mapping[str, str]
    called: Mapping[str, str]
    called_changes: Mapping[str, str]


cases = st.builds(
    Case,
    environments(values, lists),
    st.frozensets(st.sampled_from(NAMES)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(PLAIN, values | st.none())),
    st.fixed_dictionaries({}, optional=dict.fromkeys(LISTS, entries)),
    changes,
    some_called(words),
    some_called(words),
    some_called(words.map(lambda word: f"={word}") | st.just("-")),
)


def changed(value: str | None, change: str | None) -> str | None:
    """The value after what the user did."""
    if change is None:
        return value
    if change.startswith("<"):
        return change[1:] + (value or "")
    if change.startswith(">"):
        return (value or "") + change[1:]
    return change[1:] if change.startswith("=") else None


def inside(case: Case, name: str) -> str | None:
    """A variable inside the environment."""
    before = case.before.get(name)
    if name in case.lists:
        return join_entries(name, case.lists[name], before)
    return case.variables.get(name, before)


def expected(case: Case, name: str) -> str | None:
    """A variable after entering, the user's change, and leaving."""
    before, ours = case.before.get(name), inside(case, name)
    now = changed(ours, case.changes.get(name))
    if name not in case.variables and name not in case.lists:
        return now
    if now == ours:
        return before
    if name in case.variables or now is None:
        return now
    left = ":".join(without(case.lists[name], now.split(":")))
    is_default = not before and left == ":".join(DEFAULT_TAILS.get(name, ()))
    return before if is_default else left


def without(entries: Entries, elements: list[str]) -> list[str]:
    """A list without our entries: of those in front the first that is there goes, of those behind the last."""
    for entry in entries.before:
        if entry in elements:
            elements.remove(entry)
    for entry in reversed(entries.after):
        if entry in elements:
            del elements[len(elements) - 1 - elements[::-1].index(entry)]
    return elements


def expected_called(case: Case, name: str) -> str | None:
    """What an alias or function prints after all that; None: it is not there."""
    before = case.called_before.get(name)
    ours = case.called.get(name, before)
    now = changed(ours, case.called_changes.get(name))
    return before if name in case.called and now == ours else now
