from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pysequoia import Cert
from pysequoia.packet import Packet, PacketPile

from devenv.fetch.debian.keyring import SHIPPED_KEYRING, parse_keys
from devenv.fetch.debian.living_keys import find_living_keys
from devenv.fetch.debian.signatures import SignatureError, verify_inrelease

DATA = Path(__file__).parents[3] / "data" / "debian"

EXPIRED = "4488b447a4202a345b9a19b124c461132fd4ec89"
SUPERSEDED = "fb2ab620c6b30cff34545a9cee7f7c49f715f841"
RETIRED = "1b4ce71f9215c544268776069150806435832476"
SHORTENED = "e4473b04fbce01e047b77e36472b4a8388a949d4"
OF_EXPIRED_PRIMARY = "0fa20ad3ae207547a80393df334f47ba9d1a8ffe"


def read_keys(*names: str) -> list[Cert]:
    return [key for name in names for key in parse_keys((DATA / f"{name}.asc").read_bytes())]


def verify(release: str, *keys: str) -> bytes:
    return verify_inrelease((DATA / f"{release}.InRelease").read_bytes(), read_keys(*keys))


def fingerprints(key: Cert) -> list[str | None]:
    return [packet.fingerprint for packet in PacketPile.from_bytes(bytes(key))]


@pytest.mark.parametrize("release", ["living", "renewed", "living-and-expired", "expired-and-living"])
def test_signatures_by_subkeys_that_live(release: str) -> None:
    """A signature counts by a subkey that neither expired nor was revoked, also beside one by a subkey that did."""
    assert verify(f"subkey-{release}", "subkeys-made", "subkeys-changed").startswith(b"Origin: Debian\n")


@pytest.mark.parametrize(
    ("release", "subkey"),
    [("expired", EXPIRED), ("superseded", SUPERSEDED), ("retired", RETIRED), ("shortened", SHORTENED)],
)
def test_signatures_by_subkeys_whose_time_is_over(release: str, subkey: str) -> None:
    """A signature by a subkey that expired or was revoked is none, whenever it says it was made; the key is named."""
    with pytest.raises(SignatureError, match=f"the key `{subkey}`, whose time is over"):
        verify(f"subkey-{release}", "subkeys-made", "subkeys-changed")


def test_subkey_of_a_key_that_expired() -> None:
    """A subkey is over with the key it belongs to."""
    with pytest.raises(SignatureError, match=f"the key `{OF_EXPIRED_PRIMARY}`, whose time is over"):
        verify("subkey-of-expired-primary", "expired-primary")


@pytest.mark.parametrize("keys", [("subkeys-changed", "adopting-key"), ("adopting-key", "subkeys-changed")])
def test_subkey_of_two_keys(keys: tuple[str, str]) -> None:
    """A subkey that one key holds on to counts, though its time is over in another."""
    assert verify("subkey-expired", *keys)


@pytest.mark.parametrize("keys", [("subkeys-made", "subkeys-changed"), ("subkeys-changed", "subkeys-made")])
def test_copies_of_a_key(keys: tuple[str, str]) -> None:
    """What one copy of a key in the keyring revokes is revoked, though another copy does not know of it."""
    assert verify("subkey-superseded", "subkeys-made")
    with pytest.raises(SignatureError, match=SUPERSEDED):
        verify("subkey-superseded", *keys)


def read_unbound() -> tuple[list[Packet], str]:
    """The packets of a key up to its last subkey, whose binding is left out, and the fingerprint of that subkey."""
    *packets, _ = PacketPile.from_bytes(bytes(read_keys("subkeys-made")[0]))
    assert packets[-1].fingerprint is not None
    return packets, packets[-1].fingerprint


def test_bindings_by_other_keys() -> None:
    """A binding that another key made, found among a key's own, binds nothing."""
    packets, unbound = read_unbound()
    *_, adopting = PacketPile.from_bytes(bytes(read_keys("adopting-key")[0]))
    (living,) = find_living_keys([Cert.from_packets([*packets, adopting])], datetime(2020, 6, 1, tzinfo=UTC))
    assert unbound not in fingerprints(living)


def test_bindings_that_expire() -> None:
    """A binding counts only as long as it says itself, though the subkey would not expire."""
    packets, unbound = read_unbound()
    year = (365 * 86400).to_bytes(4, "big")
    # The subpackets, of five bytes, for the end of the key and for that of the signature; what fits no subkey any more
    # stands behind the last one.
    content = b"".join(bytes(packet) for packet in packets).replace(b"\x05\x09" + year, b"\x05\x03" + year)
    (before,) = find_living_keys(parse_keys(content), datetime(2020, 12, 30, tzinfo=UTC))
    (after,) = find_living_keys(parse_keys(content), datetime(2020, 12, 31, tzinfo=UTC))
    assert unbound in fingerprints(before)
    assert unbound not in fingerprints(after)


def test_subkeys_are_cut_from_the_moment_they_expire() -> None:
    """A subkey of a year counts up to the second at which the year is over, and none before its binding was made."""
    keys = read_keys("subkeys-made")
    (before,) = find_living_keys(keys, datetime(2020, 12, 30, 23, 59, 59, tzinfo=UTC))
    (after,) = find_living_keys(keys, datetime(2020, 12, 31, tzinfo=UTC))
    (unbound,) = find_living_keys(keys, datetime(2019, 12, 31, tzinfo=UTC))
    assert EXPIRED in fingerprints(before)
    assert EXPIRED not in fingerprints(after)
    assert SUPERSEDED not in fingerprints(unbound)


def test_key_that_the_library_cannot_judge() -> None:
    """A key bound with SHA-1 only does not count, and does not keep the others in its keyring from counting."""
    assert verify("subkey-living", "sha1-bound-key", "subkeys-made")
    assert find_living_keys(read_keys("sha1-bound-key"), datetime.now(UTC)) == []


def test_shipped_keys_live_as_they_are() -> None:
    """Nothing is cut from the keys that come with devenv while they live, and each goes when its time is over."""
    keys = parse_keys(SHIPPED_KEYRING.read_bytes())
    living = find_living_keys(keys, datetime(2026, 6, 1, tzinfo=UTC))
    assert [bytes(key) for key in living] == [bytes(key) for key in keys]
    assert [len(find_living_keys(keys, datetime(year, 6, 1, tzinfo=UTC))) for year in (2030, 2032, 2036)] == [6, 3, 0]
