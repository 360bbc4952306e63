"""Store paths and store roots (DESIGN section 3): values that cannot be wrong.

A root is exactly 80 bytes, so that replacing one root by another never changes a length: that is what makes an object
relocatable, in ELF, bytecode and text alike.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from devenv.digest import NIX32_ALPHABET, STORE_DIGEST_LENGTH
from devenv.errors import StoreError, UsageError

ROOT_LENGTH = 80
"""Bytes of every store root."""

MAX_NAME_LENGTH = 180
DIGEST_PATTERN = re.compile(rf"[{NIX32_ALPHABET}]{{{STORE_DIGEST_LENGTH}}}")
"""Each string that it matches spells 160 bits, none beyond: 32 digits of 5 bits."""
NAME_PATTERN = re.compile(rf"(?!\.)[A-Za-z0-9+._?=-]{{1,{MAX_NAME_LENGTH}}}")

UNSAFE_IN_ROOT = re.compile(rb"[\x00-\x20\x7f\"'`$\\:;*?\[\]{}()<>|&!#]")
"""What would end a `#!` line, an element of `PATH` or a word of a script, or needs escapes in a text."""


@dataclass(frozen=True, slots=True, order=True)
class StorePath:
    """The last component of a store path: `<digest>-<name>`, valid by construction.

    `digest` is 32 characters of base32. Raises ValueError on anything else.
    """

    digest: str
    name: str

    def __post_init__(self) -> None:
        if DIGEST_PATTERN.fullmatch(self.digest) is None:
            raise ValueError(f"{self.digest!r} is no digest of a store path")
        if NAME_PATTERN.fullmatch(self.name) is None:
            raise ValueError(f"{self.name!r} cannot name a store object")

    def __str__(self) -> str:
        return f"{self.digest}-{self.name}"


def parse_store_path(text: str) -> StorePath:
    """`<digest>-<name>` → StorePath. Raises ValueError."""
    if text[STORE_DIGEST_LENGTH : STORE_DIGEST_LENGTH + 1] != "-":
        raise ValueError(f"{text!r} is no store path")
    return StorePath(text[:STORE_DIGEST_LENGTH], text[STORE_DIGEST_LENGTH + 1 :])


def find_store_path(text: str) -> StorePath | None:
    """Like `parse_store_path`; None where `text` is something else."""
    try:
        return parse_store_path(text)
    except ValueError:
        return None


def object_name(name: str, version: str) -> str:
    """The name of a package's object: what a name must not hold (an epoch's `!`, say) becomes `_`."""
    return re.sub(r"[^A-Za-z0-9+._?=-]", "_", f"{name}-{version}").lstrip(".")[:MAX_NAME_LENGTH]


def _fill(base: bytes) -> bytes:
    prefix = base + b"/store/"
    return prefix + b"_" * (ROOT_LENGTH - len(prefix))


CANONICAL_ROOT = _fill(b"/devenv")
"""The root that content addresses are computed with, whatever the local root is."""


def store_root(base: Path) -> Path:
    """The store root below the base directory `base`: `<base>/store/___…`, 80 bytes.

    Raises UsageError (`base-invalid`) where `base` leaves no room for the filler, or holds characters that scripts,
    `PATH` or `#!` lines cannot carry.
    """
    encoded = os.fsencode(base)
    longest = ROOT_LENGTH - len(b"/store/") - 1
    hint = "set `base` in `~/.config/devenv/settings.toml` to another directory"
    if len(encoded) > longest:
        raise UsageError(
            f"the base directory `{base}` is {len(encoded)} bytes long; a store root leaves room for {longest}",
            hint=hint,
            slug="base-invalid",
        )
    if not base.is_absolute() or UNSAFE_IN_ROOT.search(encoded):
        raise UsageError(
            f"the base directory `{base}` holds a character that `PATH` or scripts cannot carry",
            hint=hint,
            slug="base-invalid",
        )
    return Path(os.fsdecode(_fill(encoded)))


def require_store_path(text: str) -> StorePath:
    """Like `parse_store_path`, for text from outside. Raises StoreError (`store-path-invalid`)."""
    try:
        return parse_store_path(text)
    except ValueError as error:
        raise StoreError(f"{text!r} is no store path", slug="store-path-invalid") from error
