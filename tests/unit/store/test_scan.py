"""The scanner of blocks, held against a search in plain Python."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devenv.digest import NIX32_ALPHABET
from devenv.store.scan import FEW_PATTERNS, ReferenceScanner, iter_matches, iter_places

LETTERS = st.lists(st.sampled_from(b"ab\0"), max_size=40).map(bytes)
PATTERNS = st.lists(st.sampled_from(b"ab\0"), min_size=1, max_size=4).map(bytes)


def digest(number: int) -> str:
    """One of many digests, that differ at both ends."""
    letter = NIX32_ALPHABET[number % 32]
    return f"{letter}{number:030d}{letter}"


def naive_places(block: bytes, pattern: bytes, limit: int) -> list[int]:
    places: list[int] = []
    start = block.find(pattern)
    while 0 <= start < limit:
        places.append(start)
        start = block.find(pattern, start + len(pattern))
    return places


@given(LETTERS, PATTERNS, st.integers(0, 45))
def test_places(block: bytes, pattern: bytes, limit: int) -> None:
    """Every place is found, in order, in blocks with NUL bytes too, up to the limit and not beyond."""
    assert list(iter_places(block, pattern, min(limit, len(block)))) == naive_places(block, pattern, limit)


@given(LETTERS, st.lists(PATTERNS, min_size=1, max_size=3, unique=True))
def test_matches_of_several(block: bytes, patterns: list[bytes]) -> None:
    """Matches of several patterns come in the order of their places, those that overlap too."""
    found = list(iter_matches(block, patterns, len(block)))
    assert sorted(found) == found
    assert sorted(found) == sorted(
        (place, pattern) for pattern in patterns for place in naive_places(block, pattern, len(block))
    )


MANY = [digest(number) for number in range(FEW_PATTERNS + 30)]


@given(st.lists(st.sampled_from([*MANY[:6], MANY[-1], MANY[0][:31], MANY[1][1:], "-", "x" * 40]), max_size=12))
def test_few_and_many_agree(parts: list[str]) -> None:
    """The search for few digests and the automaton for many find the same, as a search in Python does."""
    block = "".join(parts).encode()
    wanted = MANY[:6]
    few, many = ReferenceScanner(wanted, wanted[0]), ReferenceScanner(MANY, wanted[0])
    few.scan(block)
    many.scan(block)
    naive = {each for each in MANY[1:] if each.encode() in block}
    assert few.found == naive & set(wanted)
    assert many.found == naive


def test_overlapping_digests_are_all_found() -> None:
    """Digests that share bytes in the block are each found, few or many."""
    text = "".join(str(number % 10) for number in range(40))
    digests = [text[start : start + 32] for start in range(9)]
    for candidates in (digests, digests + MANY):
        scanner = ReferenceScanner(candidates, MANY[0])
        scanner.scan(text.encode())
        assert scanner.found == set(digests)


def test_found_once_is_enough() -> None:
    """What was found in one block is not looked for in the next, and stays found."""
    scanner = ReferenceScanner(MANY[:2], MANY[5])
    for block in (MANY[0].encode(), b"", MANY[1].encode(), MANY[0].encode()):
        scanner.scan(block)
    assert scanner.found == set(MANY[:2])


def test_blocks_shorter_than_a_digest() -> None:
    """The last block may be short."""
    scanner = ReferenceScanner(MANY, MANY[0])
    for block in (b"", MANY[3][:31].encode()):
        scanner.scan(block)
    assert scanner.found == set()
