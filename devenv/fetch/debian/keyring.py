"""Whose signatures count: the keys of Debian's archive, from this machine or as they are shipped here.

Keys are data of Debian's own packages (`keys/README.md`). A keyring in the settings replaces them; what apt's sources
name is only compared with them, because whoever sells a program for Debian has its key there as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from devenv.errors import FetchError
from devenv.fsutil import read_regular

if TYPE_CHECKING:
    from pysequoia import Cert

KEYRING_LIMIT = 4 << 20
"""Bytes; Debian's own has sixty thousand."""

HOST_KEYRINGS = ("debian-archive-keyring.pgp", "debian-archive-keyring.gpg")
"""Below `usr/share/keyrings`; the first has its name since trixie."""

SHIPPED_KEYRING = Path(__file__).parent / "keys" / "debian-archive-keyring.gpg"


def read_keyring(configured: str | None, root: Path) -> bytes:
    """The keys to trust: those of `configured` (a path), else those of the system in `root`, else the shipped ones.

    Raises FetchError (`keyring-invalid`) where `configured` cannot be read or holds no keys.
    """
    if configured is not None:
        return _read_configured(Path(configured))
    for name in HOST_KEYRINGS:
        content = _read_keys(root / "usr" / "share" / "keyrings" / name)
        if content is not None:
            return content
    return read_regular(SHIPPED_KEYRING, KEYRING_LIMIT)


def _read_configured(path: Path) -> bytes:
    try:
        content = read_regular(path, KEYRING_LIMIT)
        parse_keys(content)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FetchError(
            f"the keys in `{path}` cannot be read: {reason}",
            hint="correct `keyring` under `[registries.debian]` in devenv's settings",
            slug="keyring-invalid",
        ) from None
    return content


def _read_keys(path: Path) -> bytes | None:
    try:
        content = read_regular(path, KEYRING_LIMIT)
        parse_keys(content)
    except (OSError, ValueError):
        return None
    return content


def parse_keys(content: bytes) -> Sequence[Cert]:
    """The keys in `content`, armoured or not. Raises ValueError where there are none."""
    from pysequoia import Cert

    try:
        keys = Cert.split_bytes(content)
    # The library raises what its Rust side happens to raise.
    except Exception as error:
        raise ValueError("they are no OpenPGP keys") from error
    if not keys:
        raise ValueError("there are none")
    return keys


@cache
def _debian_fingerprints() -> frozenset[str]:
    return frozenset(key.fingerprint for key in parse_keys(read_regular(SHIPPED_KEYRING, KEYRING_LIMIT)))


def names_debian_keys(signed_by: str, root: Path) -> bool:
    """Whether a source with that `Signed-By` (paths, fingerprints or a key; empty: not said) may be Debian's own."""
    if not signed_by:
        return True
    if "BEGIN PGP" in signed_by:
        return _holds_debian_key(signed_by.encode())
    for word in re.split(r"[\s,]+", signed_by):
        if word.startswith("/"):
            # A keyring that is newer than ours may share no key with it.
            named = Path(word).name.startswith("debian-archive-")
            content = _read_keys(root / word.lstrip("/"))
            if named or (content is not None and _holds_debian_key(content)):
                return True
        elif word.rstrip("!").lower() in _debian_fingerprints():
            return True
    return False


def _holds_debian_key(content: bytes) -> bool:
    try:
        return any(key.fingerprint in _debian_fingerprints() for key in parse_keys(content))
    except ValueError:
        return False
