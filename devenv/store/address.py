"""Content addresses (DESIGN section 3; the hash-modulo rule is Nix's, FORMATS.md 1.4).

The digest is BLAKE3 over the NAR of a tree in which every local root reads as the canonical root and every occurrence
of the object's own digest as 32 NUL bytes, followed by `|<offset>` for each of those. The same pass looks for the
digests of other objects (the references) and for the canonical root, which an output must not hold literally.

The archive is taken in blocks of 2 MiB. What is longer than one has a thread of its own that joins, scans and hashes
them while the next one is read or written: all three work outside of Python's interpreter lock.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor

from blake3 import blake3

from devenv.digest import STORE_DIGEST_BYTES, STORE_DIGEST_LENGTH, nix32_encode
from devenv.errors import StoreError
from devenv.store.scan import ReferenceScanner, iter_matches
from devenv.store_path import CANONICAL_ROOT, DIGEST_PATTERN, ROOT_LENGTH

BLOCK_BYTES = 2 << 20
"""What is scanned and hashed at a time; small pieces are collected up to it."""

PATH_LENGTH = ROOT_LENGTH + 1 + STORE_DIGEST_LENGTH
"""Bytes of a root, a slash and a digest."""
OVERLAP = PATH_LENGTH - 1
"""Bytes kept back from each block: what begins there may end in the next one."""

MAX_SELF_REFERENCES = 1 << 20
"""Above what any real package holds; each costs eight bytes until the end."""


class AddressHasher:
    """Takes a NAR in pieces (`update`), gives its digest, references and self-references (`finish`).

    `root` is the local store root, `own` the 32-character digest under which the tree refers to itself, `candidates`
    the digests of objects that it may refer to. Whoever does not come to call `finish` calls `abandon`.
    """

    def __init__(self, root: bytes, own: str, candidates: Collection[str] = ()) -> None:
        self._root = root
        self._own = own.encode()
        self._patterns = [self._own] if root == CANONICAL_ROOT else [self._own, root, CANONICAL_ROOT]
        self._scanner = ReferenceScanner(candidates, own) if candidates else None
        self._hash = blake3()
        self._pieces: list[bytes] = []
        self._collected = 0
        self._overlap = b""
        """What was kept back from the last block."""
        self._executor: ThreadPoolExecutor | None = None
        self._working: Future[None] | None = None
        self._done = 0
        self._skip = 0
        self.named: set[str] = set()
        """The digests that stand behind a root, those of unknown objects too; complete after `finish`."""
        self.self_references = array("Q")
        """Offsets in the NAR at which the object's own digest stands; complete after `finish`."""

    @property
    def references(self) -> set[str]:
        """The digests that were found; complete after `finish`."""
        return set() if self._scanner is None else self._scanner.found

    @property
    def scanned(self) -> int:
        """The offset in the NAR before which all self-references are known already."""
        return self._done

    def update(self, piece: bytes) -> None:
        """Take the next bytes of the archive. Raises StoreError where the canonical root stood in earlier ones."""
        self._pieces.append(piece)
        self._collected += len(piece)
        if self._collected >= BLOCK_BYTES:
            pieces, self._pieces, self._collected = self._pieces, [], 0
            self._wait()
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, "hash")
            self._working = self._executor.submit(self._take, pieces, OVERLAP)

    def finish(self) -> str:
        """The 32-character digest of the whole. Raises StoreError where the canonical root stands in it."""
        try:
            self._wait()
            self._take(self._pieces, 0)
        finally:
            self.abandon()
        for offset in self.self_references:
            self._hash.update(b"|%d" % offset)
        return nix32_encode(self._hash.digest()[:STORE_DIGEST_BYTES])

    def abandon(self) -> None:
        """End the thread, if there is one."""
        if self._executor is not None:
            self._executor.shutdown()

    def _wait(self) -> None:
        if self._working is not None:
            working, self._working = self._working, None
            working.result()

    def _take(self, pieces: list[bytes], kept: int) -> None:
        """Hash all but the last `kept` bytes, and a match that begins before them to its end."""
        block = b"".join((self._overlap, *pieces))
        limit = max(0, len(block) - kept)
        self._overlap = block[limit:]
        if self._scanner is not None:
            self._scanner.scan(block)
        view = memoryview(block)
        position = self._skip
        for start, pattern in iter_matches(block, self._patterns, limit):
            if start < position:
                continue  # Inside the match before: a local root may end as the canonical one, `/devenv/store/_…`.
            self._hash.update(view[position:start])
            self._hash.update(self._replacement(self._done + start, pattern))
            position = start + len(pattern)
            if pattern != self._own:
                self._note_name(block[position : start + PATH_LENGTH])
        end = max(position, limit)
        self._hash.update(view[position:end])
        self._skip = end - limit
        self._done += limit

    def _note_name(self, following: bytes) -> None:
        """What stands behind a root: `/` and a digest, where it is a store path."""
        digest = following[1:].decode("latin-1")
        if following.startswith(b"/") and DIGEST_PATTERN.fullmatch(digest):
            self.named.add(digest)

    def _replacement(self, offset: int, pattern: bytes) -> bytes:
        if pattern == self._own:
            if len(self.self_references) == MAX_SELF_REFERENCES:
                raise StoreError(
                    f"the output names itself more than {MAX_SELF_REFERENCES} times", slug="self-references-too-many"
                )
            self.self_references.append(offset)
            return bytes(STORE_DIGEST_LENGTH)
        if pattern == self._root:
            return CANONICAL_ROOT
        raise StoreError(
            "the output holds the canonical store root literally, which could not be told from a reference",
            slug="canonical-root-found",
        )
