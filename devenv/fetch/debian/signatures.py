"""Signed releases (`InRelease`): a text in OpenPGP's cleartext framework (RFC 9580, section 7), and nothing around it.

The library verifies what it finds between the marks and passes over the rest; what stands outside is signed by nobody,
so a file that has such a part is refused as a whole. The text returned is the library's own, never cut out here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devenv.fetch.debian.living_keys import find_living_keys

if TYPE_CHECKING:
    from pysequoia import Cert

FRAME = re.compile(
    rb"-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash: [A-Za-z0-9, -]{1,100}\n)*\n"
    rb"(?P<text>.*?)\n-----BEGIN PGP SIGNATURE-----\n(?:[A-Za-z]+: [^\n]{0,200}\n)*\n"
    rb"[A-Za-z0-9+/=\n]+-----END PGP SIGNATURE-----\n?",
    re.DOTALL,
)
MARK = re.compile(rb"^-----", re.MULTILINE)


class SignatureError(ValueError):
    """What should be a signed text is none, or none that one of the keys signed."""


def verify_inrelease(content: bytes, keys: Sequence[Cert]) -> bytes:
    """The text that `content` signs, if one of `keys` made a signature that is valid now.

    Raises SignatureError: not signed, something outside the signature, changed, by other keys, by keys or subkeys whose
    time is over, or with algorithms that are no longer valid.
    """
    # The three marks of one frame, and no other: in the text itself a dash at the beginning of a line is escaped.
    if FRAME.fullmatch(content) is None or len(MARK.findall(content)) != 3:
        raise SignatureError("it is not one signed text with nothing around it")
    # A signature made before its key's time was over would pass: who got hold of an old key could say so.
    try:
        text, _ = _verify(content, find_living_keys(keys, datetime.now(UTC)))
    except SignatureError:
        # Nothing of this is believed; it tells a key that is over from one that nobody knows.
        _, signers = _verify(content, keys)
    else:
        return text
    names = " and ".join(f"the key `{signer}`" for signer in signers)
    raise SignatureError(f"it is signed with {names}, whose time is over")


def _verify(content: bytes, keys: Sequence[Cert]) -> tuple[bytes, list[str]]:
    """The text that `content` signs, and the fingerprints of the keys or subkeys that signed it at a time of theirs."""
    from pysequoia import verify

    try:
        result = verify(bytes=content, store=lambda _: list(keys))
    # The library raises what its Rust side happens to raise.
    except Exception as error:
        raise SignatureError("no key that is trusted has signed it as it stands") from error
    if not result.valid_sigs or not result.bytes:
        raise SignatureError("no key that is trusted has signed it as it stands")
    return result.bytes, [signature.signing_key for signature in result.valid_sigs]
