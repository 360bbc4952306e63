from __future__ import annotations

from pathlib import Path

import pytest

from devenv.fetch.debian.keyring import SHIPPED_KEYRING, names_debian_keys, parse_keys, read_keyring
from devenv.fetch.debian.signatures import SignatureError, verify_inrelease

DATA = Path(__file__).parents[3] / "data" / "debian"


def verify(release: str, key: str) -> bytes:
    return verify_inrelease(
        (DATA / f"{release}.InRelease").read_bytes(), parse_keys((DATA / f"{key}.asc").read_bytes())
    )


def test_text_is_just_what_is_signed() -> None:
    """The text of a release that GnuPG signed comes back as it was, without the line that ends it."""
    assert verify("valid-sha512", "weak-key") == (
        b"Origin: Debian\nSuite: stable\nCodename: bookworm\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:"
    )


@pytest.mark.parametrize(
    ("release", "key"),
    [
        ("expired-key-signed-after", "expired-key"),
        ("weak-sha1", "weak-key"),
        ("valid-sha512", "expired-key"),
    ],
)
def test_signatures_that_do_not_count(release: str, key: str) -> None:
    """A signature made after its key's time was over, over SHA-1, or by another key is none."""
    with pytest.raises(SignatureError, match="no key that is trusted"):
        verify(release, key)


def test_signature_by_an_expired_key() -> None:
    """A signature by a key whose time is over is none, though it says it was made before; the key is named."""
    (key,) = parse_keys((DATA / "expired-key.asc").read_bytes())
    with pytest.raises(SignatureError, match=f"the key `{key.fingerprint}`, whose time is over"):
        verify("expired-key-signed-before", "expired-key")


def test_shipped_keys(tmp_path: Path) -> None:
    """Where a machine has no keys of Debian's, those of bullseye, bookworm and trixie are there, and none is over."""
    keys = parse_keys(read_keyring(None, tmp_path))
    names = " ".join(str(user) for key in keys for user in key.user_ids)
    assert len(keys) == 9
    assert all(f"({suite})" in names for suite in ("11/bullseye", "12/bookworm", "13/trixie"))
    assert not any(key.is_revoked for key in keys)


def test_keys_of_the_machine_come_first(tmp_path: Path) -> None:
    """The machine's own keyring of Debian is used where there is one that holds keys."""
    path = tmp_path / "usr/share/keyrings/debian-archive-keyring.gpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    assert read_keyring(None, tmp_path) == SHIPPED_KEYRING.read_bytes()
    path.write_bytes((DATA / "weak-key.asc").read_bytes())
    assert read_keyring(None, tmp_path) == path.read_bytes()


def test_fingerprints_and_keys_in_a_source(tmp_path: Path) -> None:
    """A source may name Debian's keys by fingerprint or hold one; a vendor's key is none of them."""
    key = parse_keys(SHIPPED_KEYRING.read_bytes())[0]
    assert names_debian_keys(f"{key.fingerprint.upper()}!", tmp_path)
    assert names_debian_keys(str(key), tmp_path)
    assert not names_debian_keys("0" * 40, tmp_path)
    assert not names_debian_keys((DATA / "weak-key.asc").read_text(), tmp_path)
