"""Content addresses (DESIGN section 3; the hash-modulo rule is Nix's, FORMATS.md 1.4).

The digest is BLAKE3 over the NAR of a tree in which every local root reads as the canonical root and every occurrence
of the object's own digest as 32 NUL bytes, followed by `|<offset>` for each of those. The same pass looks for the
digests of other objects (the references) and for the canonical root, which an output must not hold literally.
"""

from __future__ import annotations

from collections.abc import Iterable

from blake3 import blake3

from devenv.digest import STORE_DIGEST_BYTES, STORE_DIGEST_LENGTH, nix32_encode
from devenv.errors import StoreError
from devenv.store_path import CANONICAL_ROOT, ROOT_LENGTH

BLOCK_BYTES = 1 << 20
"""What is scanned and hashed at a time; small pieces are collected up to it."""

OVERLAP = ROOT_LENGTH - 1
"""Bytes kept back from each block: a pattern that begins there may end in the next one."""


class AddressHasher:
    """Takes a NAR in pieces (`update`), gives its digest, references and self-references (`finish`).

    `root` is the local store root, `own` the 32-character digest under which the tree refers to itself, `candidates`
    the digests of objects that it may refer to.
    """

    def __init__(self, root: bytes, own: str, candidates: Iterable[str] = ()) -> None:
        self._root = root
        self._own = own.encode()
        self._patterns = [self._own] if root == CANONICAL_ROOT else [self._own, root, CANONICAL_ROOT]
        self._wanted = {digest.encode() for digest in candidates} - {self._own}
        self._hash = blake3()
        self._buffer = bytearray()
        self._done = 0
        self.references: set[str] = set()
        self.self_references: list[int] = []
        """Offsets in the NAR at which the object's own digest stands."""

    def update(self, piece: bytes) -> None:
        """Take the next bytes of the archive."""
        self._buffer += piece
        if len(self._buffer) >= BLOCK_BYTES:
            self._take(len(self._buffer) - OVERLAP)

    def finish(self) -> str:
        """The 32-character digest of the whole. Raises StoreError where the canonical root stands in it."""
        self._take(len(self._buffer))
        for offset in self.self_references:
            self._hash.update(b"|%d" % offset)
        return nix32_encode(self._hash.digest()[:STORE_DIGEST_BYTES])

    def _take(self, limit: int) -> None:
        """Hash everything before `limit`, and a match that begins before it to its end."""
        block = self._buffer
        for digest in [wanted for wanted in self._wanted if wanted in block]:
            self._wanted.remove(digest)
            self.references.add(digest.decode())
        position = 0
        for start, pattern in self._matches(limit):
            if start < position:
                continue  # Inside the match before: a local root may end as the canonical one, `/devenv/store/_…`.
            self._hash.update(block[position:start])
            self._hash.update(self._replacement(self._done + start, pattern))
            position = start + len(pattern)
        end = max(position, limit)
        self._hash.update(block[position:end])
        self._done += end
        del block[:end]

    def _matches(self, limit: int) -> list[tuple[int, bytes]]:
        """Where which pattern begins before `limit`, in order."""
        found = []
        for pattern in self._patterns:
            start = self._buffer.find(pattern)
            while 0 <= start < limit:
                found.append((start, pattern))
                start = self._buffer.find(pattern, start + len(pattern))
        return sorted(found)

    def _replacement(self, offset: int, pattern: bytes) -> bytes:
        if pattern == self._own:
            self.self_references.append(offset)
            return bytes(STORE_DIGEST_LENGTH)
        if pattern == self._root:
            return CANONICAL_ROOT
        raise StoreError(
            "the output holds the canonical store root literally, which could not be told from a reference",
            slug="canonical-root-found",
        )
