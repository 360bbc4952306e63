"""Activation of a plain mapping: in, out, and what was changed between the two."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devenv.activation.environ import (
    GENERATION_MARKER,
    NAME_MARKER,
    PROJECT_MARKER,
    WAS_PREFIX,
    apply_activation,
    revert_activation,
)
from devenv.activation.model import DEFAULT_TAILS, Activation, Entries

PROJECT, GENERATION = Path("/project"), Path("/state/generations/1")
TEXTS = st.sampled_from(["", "x", "a b", "$x", "é", "\udcff", "it's", "line\nbreak", ":", "/usr/bin"])
PLAIN, LISTS = ["PLAIN", "OTHER", "GONE"], ["PATH", "MANPATH", "XDG_DATA_DIRS", "CPATH"]
ENTRIES = st.lists(st.sampled_from(["/a", "/b", "/c d"]), max_size=3, unique=True).map(tuple)
ADDITIONS = st.builds(Entries, ENTRIES, ENTRIES).filter(lambda entries: bool(entries.before or entries.after))
DIRECTORIES = st.lists(st.sampled_from(["", "/u", "/v", "/a", "relative"]), max_size=4).map(":".join)
ACTIVATIONS = st.builds(
    Activation,
    st.just(PROJECT),
    st.just(GENERATION),
    st.just("name"),
    st.dictionaries(st.sampled_from(PLAIN), st.none() | TEXTS),
    st.dictionaries(st.sampled_from(LISTS), ADDITIONS),
)
ENVIRONMENTS = st.builds(
    dict[str, str],
    st.dictionaries(st.sampled_from([*PLAIN, "HOME"]), TEXTS),
).flatmap(lambda plain: st.dictionaries(st.sampled_from(LISTS), DIRECTORIES).map(lambda lists: {**plain, **lists}))


def activate(**fields: object) -> Activation:
    return Activation(PROJECT, GENERATION, "api", **fields)  # type: ignore[arg-type]


@given(ACTIVATIONS, ENVIRONMENTS)
def test_there_and_back(activation: Activation, environ: dict[str, str]) -> None:
    """L-12: leaving gives exactly what was before, unset and empty apart, whatever was set, unset or added."""
    inside = apply_activation(activation, environ)
    assert revert_activation(activation, inside) == environ


@given(ACTIVATIONS, ENVIRONMENTS)
def test_inside(activation: Activation, environ: dict[str, str]) -> None:
    """Inside, every variable is as the environment says, what was before is kept for leaving, all else is untouched."""
    inside = apply_activation(activation, environ)
    own = {*activation.variables, *activation.lists}
    for name, value in activation.variables.items():
        assert inside.get(name) == value
    for name, entries in activation.lists.items():
        middle = [environ[name]] if environ.get(name) else list(DEFAULT_TAILS.get(name, ()))
        assert inside[name] == ":".join([*entries.before, *middle, *entries.after])
    assert {name: inside.get(WAS_PREFIX + name) for name in own} == {name: environ.get(name) for name in own}
    assert {name: environ[name] for name in environ.keys() - own} == {
        name: inside[name] for name in inside.keys() - own if not name.startswith("DEVENV_")
    }
    assert [inside[name] for name in (PROJECT_MARKER, GENERATION_MARKER, NAME_MARKER)] == [
        "/project", str(GENERATION), "name",
    ]  # fmt: skip


@given(ACTIVATIONS, ENVIRONMENTS, st.data())
def test_changes_of_the_user_stay(activation: Activation, environ: dict[str, str], data: st.DataObject) -> None:
    """What the user set or unset meanwhile is theirs: leaving touches it no more."""
    inside = apply_activation(activation, environ)
    changes = data.draw(
        st.dictionaries(st.sampled_from([*PLAIN, "HOME", "NEW"]), st.none() | st.just("changed by hand"))
    )
    for name, value in changes.items():
        if value is None:
            inside.pop(name, None)
        else:
            inside[name] = value
    outside = revert_activation(activation, inside)
    for name in {*environ, *changes, *activation.variables} - set(LISTS):
        touched = name in changes and changes[name] != activation.variables.get(name, environ.get(name))
        assert outside.get(name) == (changes[name] if touched else environ.get(name)), name


@given(ENTRIES, ENTRIES, st.lists(st.sampled_from(["/u", "/v"]), min_size=1, max_size=3), st.data())
def test_directories_of_the_user_stay(
    before: tuple[str, ...], after: tuple[str, ...], own: list[str], data: st.DataObject
) -> None:
    """What the user put into a list meanwhile stays, in its order, wherever they put it; the rest is as it was."""
    if not before and not after:
        return
    activation = activate(lists={"PATH": Entries(before, after)})
    elements = apply_activation(activation, {"PATH": ":".join(own)})["PATH"].split(":")
    for number in range(data.draw(st.integers(1, 3))):
        elements.insert(data.draw(st.integers(0, len(elements))), f"/added/{number}")
    outside = revert_activation(activation, {"PATH": ":".join(elements), f"{WAS_PREFIX}PATH": ":".join(own)})
    taken = [each for each in elements if each not in {*before, *after}]
    assert outside == {"PATH": ":".join(taken)}


def test_own_directory_that_was_there_before() -> None:
    """A directory that the user had as well stays where they had it: in front the first goes, behind the last."""
    activation = activate(lists={"PATH": Entries(("/a",), ("/z",))})
    environ = {"PATH": "/a:/bin:/z"}
    inside = apply_activation(activation, environ)
    assert inside["PATH"] == "/a:/a:/bin:/z:/z"
    inside["PATH"] += ":/mine"
    assert revert_activation(activation, inside)["PATH"] == "/a:/bin:/z:/mine"


def test_list_that_was_unset() -> None:
    """The default that was spelt out goes with the entries, but not with what the user added to it."""
    activation = activate(lists={"MANPATH": Entries(("/man",)), "XDG_DATA_DIRS": Entries(("/share",), ("/behind",))})
    inside = apply_activation(activation, {})
    assert (inside["MANPATH"], inside["XDG_DATA_DIRS"]) == ("/man:", "/share:/usr/local/share:/usr/share:/behind")
    changed = {**inside, "XDG_DATA_DIRS": "/mine:" + inside["XDG_DATA_DIRS"]}
    assert revert_activation(activation, changed) == {"XDG_DATA_DIRS": "/mine:/usr/local/share:/usr/share"}


def test_variable_that_is_unset() -> None:
    """What the environment unsets comes back, unless it was set again meanwhile; empty is not unset."""
    activation = activate(variables={"GONE": None})
    inside = apply_activation(activation, {"GONE": "here"})
    assert "GONE" not in inside
    assert revert_activation(activation, inside) == {"GONE": "here"}
    assert revert_activation(activation, {**inside, "GONE": ""}) == {"GONE": ""}
    assert revert_activation(activation, apply_activation(activation, {})) == {}


def test_leftovers_of_another_activation_are_dropped() -> None:
    """What an environment claims to have been before another activation does not get into this one (L-09)."""
    inside = apply_activation(activate(variables={"A": "1"}), {f"{WAS_PREFIX}HOME": "/evil", f"{WAS_PREFIX}A": "/evil"})
    assert not [name for name in inside if name.startswith(WAS_PREFIX)]
