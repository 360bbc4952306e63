"""Digests and their spellings: hexadecimal, and Nix's base32 (FORMATS.md 1.1: little-endian digits, no padding)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from blake3 import blake3

NIX32_ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"
NIX32_VALUES = {character: value for value, character in enumerate(NIX32_ALPHABET)}

STORE_DIGEST_BYTES = 20
STORE_DIGEST_LENGTH = 32
"""Characters of a store path's digest: base32 of 160 bits."""

SHA256_HEX = re.compile(r"[0-9a-f]{64}")


def nix32_encode(data: bytes) -> str:
    """Spell `data` in Nix's base32: the bytes are one little-endian number, most significant digit first."""
    length = (len(data) * 8 + 4) // 5
    number = int.from_bytes(data, "little")
    return "".join(NIX32_ALPHABET[(number >> (5 * digit)) & 31] for digit in reversed(range(length)))


def nix32_decode(text: str, size: int) -> bytes:
    """The `size` bytes that `text` spells.

    Raises ValueError on a wrong length, a character outside the alphabet, or bits beyond the last byte.
    """
    if len(text) != (size * 8 + 4) // 5:
        raise ValueError(f"{text!r} does not spell {size} bytes")
    number = 0
    for character in text:
        value = NIX32_VALUES.get(character)
        if value is None:
            raise ValueError(f"{character!r} is no base32 digit")
        number = number << 5 | value
    try:
        return number.to_bytes(size, "little")
    except OverflowError as error:
        raise ValueError(f"{text!r} holds bits beyond {size} bytes") from error


def blake3_key(data: bytes) -> str:
    """The BLAKE3 digest of `data` as `blake3:<64 hexadecimal digits>`: the spelling of derivation keys."""
    return f"blake3:{blake3(data).hexdigest()}"


def canonical_json_key(document: Mapping[str, Any]) -> str:
    """The key of plain JSON data: `blake3_key` of its canonical form, which is UTF-8, sorted keys, no white space.

    Raises ValueError on a number that JSON cannot hold.
    """
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return blake3_key(text.encode())
