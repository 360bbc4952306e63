"""Nix's base32."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.digest import NIX32_ALPHABET, blake3_key, nix32_decode, nix32_encode


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (hashlib.sha256(b"").digest(), "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"),
        (bytes(19) + b"\1", "04000000000000000000000000000000"),
        (b"\1" + bytes(19), "00000000000000000000000000000001"),
        (b"", ""),
    ],
)
def test_vectors(data: bytes, text: str) -> None:
    """The spelling is Nix's, of which real digests are known."""
    assert nix32_encode(data) == text
    assert nix32_decode(text, len(data)) == data


@given(st.binary(max_size=64))
def test_round_trip(data: bytes) -> None:
    """Every digest is spelt in one way, by digits of the alphabet, and read back."""
    text = nix32_encode(data)
    assert set(text) <= set(NIX32_ALPHABET)
    assert nix32_decode(text, len(data)) == data


@given(st.text(NIX32_ALPHABET, min_size=32, max_size=32))
def test_one_spelling(text: str) -> None:
    """32 digits spell 20 bytes exactly: there is no second spelling of a store digest."""
    assert nix32_encode(nix32_decode(text, 20)) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0" * 31, 20),
        ("0" * 33, 20),
        ("e" + "0" * 31, 20),
        ("A" + "0" * 31, 20),
        ("-" + "0" * 31, 20),
        ("٠" + "0" * 31, 20),
        ("z" + "0" * 51, 32),
        ("zz", 1),
    ],
)
def test_refuses_other_spellings(text: str, size: int) -> None:
    """Wrong lengths, foreign characters and bits beyond the last byte are refused, so that spellings stay unique."""
    with pytest.raises(ValueError, match=r"spell|digit|bits"):
        nix32_decode(text, size)


def test_derivation_keys_name_their_hash() -> None:
    """A key says which hash it is of; the digest of nothing is BLAKE3's published one."""
    empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert blake3_key(b"") == f"blake3:{empty}"
