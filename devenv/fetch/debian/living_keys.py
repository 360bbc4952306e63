"""Which keys count now: those whose time is not over, each without the subkeys whose time is.

The library judges a key, and the subkey that made a signature, at the time that the signature names; who got hold of
an old one can name any. What is read here of a key's packets (RFC 9580, section 10.1) only takes away from what the
library then verifies with: nothing becomes valid by it, so the signatures in a keyring need no check of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pysequoia import Cert
    from pysequoia.packet import Packet


def find_living_keys(keys: Sequence[Cert], now: datetime) -> list[Cert]:
    """Those of `keys` that are neither revoked nor expired at `now`, each with just those subkeys that are not either.

    Copies of a key are taken as one, so that what one of them revokes is revoked. A key that the library cannot judge,
    such as one held together by SHA-1, is left out.
    """
    merged: dict[str, Cert] = {}
    for key in keys:
        known = merged.get(key.fingerprint)
        merged[key.fingerprint] = key if known is None else known.merge(key)
    living = (_cut_down(key, now) for key in merged.values())
    return [key for key in living if key is not None]


def _cut_down(key: Cert, now: datetime) -> Cert | None:
    from pysequoia import Cert
    from pysequoia.packet import PacketPile

    try:
        if key.is_revoked or (key.expiration is not None and key.expiration <= now):
            return None
        kept, *subkeys = _split_at_keys(PacketPile.from_bytes(bytes(key)))
        primary = kept[0]
        for subkey in subkeys:
            if _is_living(subkey, primary, now):
                kept.extend(subkey)
        return Cert.from_packets(kept)
    # One key among many may be damaged or too old for the library; the others count nevertheless.
    except RuntimeError:
        return None


def _split_at_keys(packets: Iterable[Packet]) -> list[list[Packet]]:
    """`packets` of a key in parts: the primary key with what belongs to it, then each subkey with its signatures."""
    parts: list[list[Packet]] = []
    for packet in packets:
        if packet.fingerprint is not None:
            parts.append([])
        parts[-1].append(packet)
    return parts


def _is_living(subkey: Sequence[Packet], primary: Packet, now: datetime) -> bool:
    """Whether the subkey that `subkey` begins with is bound to `primary` at `now`, not expired and never revoked.

    As for GnuPG a revocation is for good, whatever its reason and whatever binds the subkey again.
    """
    from pysequoia.packet import SignatureType

    key, *signatures = subkey
    if any(signature.signature_type == SignatureType.SubkeyRevocation for signature in signatures):
        return False
    bindings = [signature for signature in signatures if _binds(signature, primary, now)]
    if not bindings or key.key_created is None:
        return False
    newest = max(bindings, key=_made)
    # Zero is how a signature says that the key never expires (section 5.2.3.13).
    return not newest.key_validity_period or key.key_created + newest.key_validity_period > now


def _binds(signature: Packet, primary: Packet, now: datetime) -> bool:
    from pysequoia.packet import SignatureType

    end = signature.signature_expiration_time
    # Signatures that fit nowhere are put behind the last subkey by the library; they may be by anyone.
    by_primary = not {primary.fingerprint, primary.key_id}.isdisjoint(
        (signature.issuer_fingerprint, signature.issuer_key_id)
    )
    return (
        signature.signature_type == SignatureType.SubkeyBinding
        and by_primary
        and _made(signature) <= now
        and (end is None or end > now)
    )


def _made(signature: Packet) -> datetime:
    """When `signature` says it was made; one that does not say is of no use, as if it were yet to be made."""
    return signature.signature_created or datetime.max.replace(tzinfo=UTC)
