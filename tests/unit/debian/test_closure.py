"""Dependency closures."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.debian.closure import ClosureError, find_closure
from devenv.debian.policy import Policy
from devenv.debian.record import DebRecord
from tests.unit.debian.indexes import MemoryIndex, record

NOTHING = Policy()


def closure(*records: DebRecord, wanted: str = "a1", policy: Policy = NOTHING, without: tuple[str, ...] = ()) -> str:
    """The names in the closure of `wanted`, in their order."""
    found = find_closure(MemoryIndex(*records), wanted.split(), policy, without)
    return " ".join(each.name for each in found)


def needs(name: str, depends: str, **fields: str) -> DebRecord:
    return record(name, Depends=depends, **fields)


def test_order() -> None:
    """What was asked for comes first, as it was asked for; the rest by name, so that a lock changes little."""
    records = (needs("a1", "z1, c1"), needs("b1", "a1"), needs("z1", "d1"), record("c1"), record("d1"), record("e1"))
    assert closure(*records, wanted="b1 a1 b1") == "b1 a1 c1 d1 z1"


def test_everything_that_is_needed_is_there_once() -> None:
    """Dependencies that meet, and those that go in circles, end."""
    assert closure(needs("a1", "b1, c1"), needs("b1", "c1, a1"), needs("c1", "b1")) == "a1 b1 c1"


def test_earlier_dependencies_count() -> None:
    """What a package needs even for its unpacking it also needs to run: the C library stands there often."""
    assert closure(record("a1", Pre_Depends="b1", Depends="c1"), record("b1"), record("c1")) == "a1 b1 c1"


@pytest.mark.parametrize(("depends", "expected"), [
    ("b1 | c1", "a1 b1"), ("c1 | b1", "a1 c1"), ("x1 | c1", "a1 c1"), ("b1 (>= 2) | c1", "a1 c1"),
    ("b1 | c1, c1", "a1 c1"), ("b1 | c1, d1", "a1 c1 d1"), ("b1 | e1, d1", "a1 b1 c1 d1"),
])  # fmt: skip
def test_alternatives(depends: str, expected: str) -> None:
    """The first that can be had is taken, but nothing where one of them is there anyway."""
    records = (needs("a1", depends), record("b1"), record("c1"), needs("d1", "c1"), record("e1"))
    assert closure(*records) == expected


@pytest.mark.parametrize(("depends", "expected"), [
    ("awk", "a1 gawk"), ("awk, mawk", "a1 mawk"), ("awk (>= 1)", "a1 mawk"), ("awk (= 1.3)", "a1 mawk"),
    ("gawk | mawk", "a1 gawk"),
    ("mawk:any", "a1 mawk"), ("mawk:amd64", "a1 mawk"), ("real", "a1 real"), ("real (>= 2)", "a1 other"),
    ("other, real", "a1 other"),
])  # fmt: skip
def test_providers(depends: str, expected: str) -> None:
    """A name is answered by the package of that name before others, and in a version only by what says its version."""
    records = (
        record("mawk", Provides="awk (= 1.3)"),
        record("gawk", Provides="awk"),
        record("real"),
        record("other", Provides="real (= 2)"),
    )
    assert closure(needs("a1", depends), *records) == expected


def test_preferred_provider() -> None:
    """The policy decides between providers where their names would decide badly."""
    policy = Policy(providers={"awk": ("absent", "mawk")})
    assert (
        closure(needs("a1", "awk"), record("mawk", Provides="awk"), record("gawk", Provides="awk"), policy=policy)
        == "a1 mawk"
    )


OMITTING = Policy(omitted={"debconf": "asks questions", "mail-agent": "mail of the host"})


@pytest.mark.parametrize(
    "depends", ["debconf (>= 0.5)", "debconf | b1", "debconf-2.0", "mail-agent", "nowhere | debconf"]
)
def test_omitted_packages(depends: str) -> None:
    """What only makes sense in an installed system is taken as being there, by its name or by what it provides."""
    records = (record("debconf", Provides="debconf-2.0"), record("a0", Provides="debconf-2.0"), record("b1"))
    assert closure(needs("a1", depends), *records, policy=OMITTING) == "a1"


def test_omitted_packages_that_are_wanted() -> None:
    """What somebody asks for by name they get."""
    records = (needs("a1", "debconf"), record("debconf"))
    assert closure(*records, wanted="a1 debconf", policy=OMITTING, without=("debconf",)) == "a1 debconf"
    # In the other order too, and where no version of it that is there would do.
    newer = (needs("a1", "debconf (>= 2) | b1"), record("b1"), record("debconf"))
    assert closure(*newer, wanted="debconf a1", policy=OMITTING) == "debconf a1 b1"


def test_alternative_to_what_is_omitted() -> None:
    """An alternative that is named before the omitted one is taken: it is what the package was made for."""
    assert closure(needs("a1", "b1 | debconf"), record("b1"), record("debconf"), policy=OMITTING) == "a1 b1"


def test_without() -> None:
    """A recipe can leave out what its program does without, and all that only this needed."""
    records = (needs("a1", "b1, c1"), needs("b1", "d1"), record("c1"), record("d1"))
    assert closure(*records, without=("b1",)) == "a1 c1"


def test_always() -> None:
    """Every closure holds a shell, because no package says that its scripts need one; a recipe can do without."""
    policy = Policy(always=("dash",))
    assert closure(record("a1"), needs("dash", "libc6"), record("libc6"), policy=policy) == "a1 dash libc6"
    assert closure(record("a1"), needs("dash", "libc6"), record("libc6"), policy=policy, without=("dash",)) == "a1"


def test_essential_packages_are_not_pulled_in() -> None:
    """Nothing in a bundle gets a package just because every Debian system has it."""
    assert closure(record("a1"), record("bash", Essential="yes")) == "a1"


@pytest.mark.parametrize(("depends", "message"), [
    ("x1", "`b1` needs `x1`, which there is not; `b1` is needed by `a1`"),
    ("x1 | y1 (>= 2)", "`b1` needs `x1 | y1 (>= 2)`, which there is not; `b1` is needed by `a1`"),
    ("c1 (>= 2)", "`b1` needs `c1 (>= 2)`, there is `c1` 1.0-1; `b1` is needed by `a1`"),
    ("c1:arm64", "`b1` needs `c1:arm64`, there is `c1` 1.0-1; `b1` is needed by `a1`"),
    ("C1", "the dependencies of `b1` cannot be read: 'C1' is no relation like `libc6 (>= 2.36)`"),
])  # fmt: skip
def test_missing_dependency(depends: str, message: str) -> None:
    """What cannot be had is named with the chain that leads to it."""
    with pytest.raises(ClosureError) as caught:
        closure(needs("a1", "b1"), needs("b1", depends), record("c1"))
    assert str(caught.value) == message


def test_long_chain() -> None:
    """Of a chain of thousands only its beginning is shown, and where it comes from."""
    chain = [needs(f"n{number}", f"n{number + 1}") for number in range(1, 1000)]
    with pytest.raises(ClosureError) as caught:
        closure(*chain, needs("n1000", " | ".join(["absent"] * 1000)), wanted="n1")
    assert "`n995` is needed by `n994`; and so on up to `n1`" in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(("wanted", "message"), [
    ("x1", "there is no package `x1`"), ("awk", "there is no package `awk`; provided by `gawk`, `mawk`"),
    ("../x", "'../x' is no name of a Debian package"),
])  # fmt: skip
def test_unknown_package(wanted: str, message: str) -> None:
    """A name that nobody has is said to be so; what several packages provide is a choice for a person (K-03)."""
    with pytest.raises(ClosureError) as caught:
        closure(record("mawk", Provides="awk"), record("gawk", Provides="awk"), wanted=wanted)
    assert str(caught.value) == message


names = st.sampled_from([f"p{number}" for number in range(12)])
groups = st.lists(st.lists(names | st.sampled_from(["v1", "v2"]), min_size=1, max_size=3), max_size=4)
suites = st.lists(st.tuples(groups, st.sampled_from(["", "v1", "v2", "v1, v2"])), min_size=12, max_size=12)


@given(suites, st.randoms(use_true_random=False))
def test_closure_is_closed_and_does_not_depend_on_order(
    suite: list[tuple[list[list[str]], str]], shuffle: random.Random
) -> None:
    """Everything in a closure has what it needs in it, and the order in which an index answers changes nothing."""
    records = [
        needs(f"p{number}", ", ".join(" | ".join(group) for group in groups), Provides=provides)
        for number, (groups, provides) in enumerate(suite)
    ]
    records += [record("p98", Provides="v1"), record("p99", Provides="v2")]
    found = closure(*records, wanted="p0").split()
    has = {*found, *(name for each in records if each.name in found for name in each.provides.split(", "))}
    for groups in (suite[int(name[1:])][0] for name in found if int(name[1:]) < len(suite)):
        assert all(has & set(group) for group in groups)
    shuffle.shuffle(records)
    assert closure(*records, wanted="p0").split() == found
