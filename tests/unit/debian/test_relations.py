"""Relations between packages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.debian.relations import RELATION_LIMIT, Relation, parse_provides, parse_relations


def test_groups_and_alternatives() -> None:
    """All groups are needed; of each, one alternative."""
    groups = parse_relations("libc6 (>= 2.36), awk | mawk (<< 2), python3:any")
    assert groups == (
        (Relation("libc6", operator=">=", version="2.36"),),
        (Relation("awk"), Relation("mawk", operator="<<", version="2")),
        (Relation("python3", "any"),),
    )


@pytest.mark.parametrize("text", ["", " ", ",", "a1, , b1", "\n a1,\n b1\n", "a1,b1,"])
def test_space_and_empty_groups_say_nothing(text: str) -> None:
    """Folded fields, joined fields and a comma at the end read as they are meant."""
    assert [str(relation) for group in parse_relations(text) for relation in group] in ([], ["a1", "b1"])


@pytest.mark.parametrize("text", ["g++ [amd64 arm64]", "g++ (>= 4) [!i386] <!nocheck> <stage1 cross>", "g++<!nodoc>"])
def test_restrictions_are_read_over(text: str) -> None:
    """Lists of architectures and build profiles change nothing about the relation before them."""
    ((relation,),) = parse_relations(text)
    assert relation.name == "g++"


@pytest.mark.parametrize(
    "text",
    ["A1", "a", "../a", "-a1", "a1 b1", "a1 (2)", "a1 (< 2)", "a1 (>> )", "a1 (= 1/2)", "a1 (>= 1", "a1:", "a1 |",
     "| a1",
     "a1 [", "a1 (= 1) (= 2)", "ä1", "a" * 101, "a1\x00"],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    """K-03: a name or version that is none does not get past the parser."""
    with pytest.raises(ValueError, match="is no relation like"):
        parse_relations(text)


def test_length_is_bounded() -> None:
    """A hostile field does not keep us busy."""
    with pytest.raises(ValueError, match="more than"):
        parse_relations("a1," * RELATION_LIMIT)


def test_provides() -> None:
    """A package provides names, in one version or in none."""
    assert parse_provides("awk, editor (= 2:1.0-1)") == (("awk", None), ("editor", "2:1.0-1"))


@pytest.mark.parametrize("text", ["awk | mawk", "awk (>= 2)"])
def test_provides_what_cannot_be_provided(text: str) -> None:
    """Nobody provides one of two names, or a range of versions."""
    with pytest.raises(ValueError, match="nothing that a package can provide"):
        parse_provides(text)


relations = st.builds(
    lambda name, qualifier, version: Relation(name, qualifier, *(version or (None, None))),
    st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,10}", fullmatch=True),
    st.none() | st.sampled_from(["any", "native", "amd64"]),
    st.none() | st.tuples(st.sampled_from(["<<", "<=", "=", ">=", ">>"]), st.just("1:2.3~rc1-4")),
)


@given(st.lists(st.lists(relations, min_size=1, max_size=3), max_size=4))
def test_parse_reverses_format(groups: list[list[Relation]]) -> None:
    """What is shown of a relation in a message is the relation."""
    text = ", ".join(" | ".join(map(str, group)) for group in groups)
    assert parse_relations(text) == tuple(map(tuple, groups))


@given(st.text(alphabet="ab1:()[]<>=!|,~ -\n\t.", max_size=40))
def test_parser_raises_nothing_else(text: str) -> None:
    """Any text is either relations or a ValueError."""
    try:
        parse_relations(text)
    except ValueError as error:
        assert "relation" in str(error)  # noqa: PT017 - most texts raise, some do not
