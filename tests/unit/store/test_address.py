"""Content addresses: what they depend on, and what they must not depend on."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Sequence

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from devenv.digest import nix32_encode
from devenv.errors import StoreError
from devenv.store import address
from devenv.store.address import AddressHasher
from devenv.store_path import CANONICAL_ROOT
from tests.trees import Link, Tree, nar_of

ROOT = b"/home/somebody/.local/share/devenv/store/".ljust(80, b"_")
OTHER_ROOT = b"/srv/x/store/".ljust(80, b"_")
OWN = b"0123456789abcdfghijklmnpqrsvwxyz"
OTHER = b"1123456789abcdfghijklmnpqrsvwxyz"
STRANGER = b"2123456789abcdfghijklmnpqrsvwxyz"


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def hash_pieces(pieces: Sequence[bytes], root: bytes = ROOT, own: bytes = OWN) -> tuple[str, set[str], list[int]]:
    """Digest, references and self-references of a stream."""
    hasher = AddressHasher(root, own.decode(), [OTHER.decode()])
    for piece in pieces:
        hasher.update(piece)
    return hasher.finish(), hasher.references, hasher.self_references.tolist()


def digest(stream: bytes, root: bytes = ROOT, own: bytes = OWN) -> str:
    return hash_pieces([stream], root, own)[0]


def test_definition() -> None:
    """The address of a tree with root, reference and self-reference is the one that DESIGN section 3 defines."""
    own_path = ROOT + b"/" + OWN + b"-tool"
    tree: Tree = {b"l": Link(own_path + b"/bin"), b"t": b"see " + own_path + b" and " + ROOT + b"/" + OTHER + b"-x"}
    archive = nar_of(tree)
    offsets = [archive.index(OWN), archive.index(OWN, archive.index(OWN) + 1)]
    modulo = archive.replace(ROOT, CANONICAL_ROOT).replace(OWN, bytes(32))
    suffix = b"".join(b"|%d" % offset for offset in offsets)
    expected = nix32_encode(blake3(modulo + suffix).digest()[:20])
    assert hash_pieces([archive]) == (expected, {OTHER.decode()}, offsets)
    # Pinned: an address that changes would make every lock and every store worthless.
    assert expected == "lx2ch2sgapmhfn4xa7kc23rp8r6aavr1"


def test_plain_stream_is_plain_blake3() -> None:
    """Without references the digest is that of the archive itself, which any other tool can compute."""
    archive = nar_of(b"hello\n")
    assert digest(archive) == nix32_encode(blake3(archive).digest()[:20])


STREAM = (
    b"#!" + ROOT + b"/" + OWN + b"-a/bin/sh" + OWN + OWN + b"\0" * 40 + ROOT + ROOT + b"//" + OTHER + ROOT + b"_" * 99
)
"""Root and digests side by side, doubled, and at the end a root that runs on."""


@pytest.mark.parametrize("block", [1, 80, 97, 4096])
def test_independent_of_chunks(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """However a stream is cut, and wherever a match straddles a cut, the digest is the same (F-14)."""
    expected = hash_pieces([STREAM])
    assert len(expected[2]) == 3
    monkeypatch.setattr(address, "BLOCK_BYTES", block)
    for size in range(1, len(STREAM) + 1):
        assert hash_pieces(cut(STREAM, size)) == expected


@given(
    st.lists(
        st.sampled_from([ROOT, OWN, OTHER, STRANGER, ROOT[:79], OWN[:31], OWN[1:], b"/", b"_" * 30, b"\0" * 32, b"x"]),
        max_size=12,
    ),
    st.lists(st.integers(0, 1000), max_size=6),
    st.integers(80, 300),
)
def test_any_stream_in_any_pieces(parts: list[bytes], cuts: list[int], block: int) -> None:
    """As before, for streams and cuts that nobody thought of."""
    stream = b"".join(parts)
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(bounds)]
    with pytest.MonkeyPatch.context() as patch:
        expected = hash_pieces([stream])
        patch.setattr(address, "BLOCK_BYTES", block)
        assert hash_pieces(pieces) == expected


def test_independent_of_the_root() -> None:
    """The same tree made below two roots, or below the canonical one, has one address."""
    streams = [STREAM.replace(ROOT, root) for root in (ROOT, OTHER_ROOT, CANONICAL_ROOT)]
    digests = {digest(stream, root) for stream, root in zip(streams, (ROOT, OTHER_ROOT, CANONICAL_ROOT), strict=True)}
    assert len(digests) == 1


def test_independent_of_the_own_digest() -> None:
    """The digest under which a tree names itself while it is built does not show in its address."""
    assert digest(STREAM) == digest(STREAM.replace(OWN, STRANGER), own=STRANGER)


def test_depends_on_foreign_digests() -> None:
    """Two trees that refer to different objects have different addresses."""
    assert digest(b"see " + OTHER) != digest(b"see " + STRANGER)


@pytest.mark.parametrize("size", [1, 7, 80, 500])
def test_canonical_root_is_refused(size: int) -> None:
    """A literal canonical root, which a root that is replaced could not be told from, is refused wherever it is cut."""
    stream = b"x" * 100 + CANONICAL_ROOT + b"/x"
    with pytest.raises(StoreError) as caught:
        hash_pieces(cut(stream, size))
    assert caught.value.slug == "canonical-root-found"


def test_own_root_may_end_like_the_canonical_one() -> None:
    """The default base ends in `/devenv` as the canonical root does: a root with more filler behind it is no clash."""
    assert (ROOT + b"_" * 60).count(CANONICAL_ROOT) == 1
    assert digest(ROOT + b"_" * 60) == digest(OTHER_ROOT + b"_" * 60, OTHER_ROOT)


def test_literal_nul_bytes_are_no_self_reference() -> None:
    """A run of NUL bytes where another tree names itself gives another address (F-13)."""
    assert digest(b"a" + OWN + b"b") != digest(b"a" + bytes(32) + b"b")
    assert digest(OWN + bytes(32)) != digest(bytes(32) + OWN)
    assert digest(OWN + b"|0") != digest(OWN)


def test_one_self_reference_less() -> None:
    """Data that differs in a single self-reference has another address (F-13)."""
    assert digest(OWN + b" " + OWN) != digest(OWN + b" " + STRANGER)


@pytest.mark.parametrize(
    "tree", [{b"x-" + OTHER: b""}, Link(b"../" + OTHER + b"-x"), {b"d": {b"f": b"\0" + OTHER + b"\xff"}}]
)
def test_references_are_found_everywhere(tree: Tree) -> None:
    """References count in names, in targets of links and in binary contents (N-09)."""
    assert hash_pieces(cut(nar_of(tree), 5))[1] == {OTHER.decode()}


def test_only_candidates_are_references() -> None:
    """32 characters that look like a digest, or a truncated one, are no reference (N-10)."""
    assert hash_pieces([STRANGER, b" ", OTHER[:31]])[1] == set()


def test_own_digest_is_no_reference() -> None:
    """An object that is among its own candidates refers to itself, not to another."""
    hasher = AddressHasher(ROOT, OWN.decode(), [OWN.decode()])
    hasher.update(OWN)
    hasher.finish()
    assert not hasher.references
    assert hasher.self_references.tolist() == [0]


def test_large_streams_take_little_memory() -> None:
    """A stream of many blocks is hashed as it passes: what is kept is less than two blocks (B-12)."""
    hasher = AddressHasher(ROOT, OWN.decode())
    piece = b"x" * (address.BLOCK_BYTES // 3)
    held = []
    for _ in range(40):
        hasher.update(piece)
        held.append(sum(map(len, hasher._pieces)))
    assert max(held) < 2 * address.BLOCK_BYTES
    expected = functools.reduce(lambda hashed, part: hashed.update(part), [piece] * 40, blake3())
    assert hasher.finish() == nix32_encode(expected.digest()[:20])


@pytest.mark.parametrize("offset", range(65))
def test_self_reference_across_any_boundary(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """At each offset and in pieces of 1 to 40 bytes, with blocks taken by the thread, all is as in one piece (F-14)."""
    stream = b"x" * offset + OWN + b"/" + ROOT + b"/" + OTHER + b"y" * 200
    expected = hash_pieces([stream])
    assert expected[1:] == ({OTHER.decode()}, [offset])
    monkeypatch.setattr(address, "BLOCK_BYTES", 64)
    for size in range(1, 41):
        assert hash_pieces(cut(stream, size)) == expected


@pytest.mark.parametrize("block", [64, address.BLOCK_BYTES])
def test_too_many_self_references(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """An object that names itself without end is refused, also from the thread; so memory has a bound (B-12)."""
    monkeypatch.setattr(address, "MAX_SELF_REFERENCES", 10)
    monkeypatch.setattr(address, "BLOCK_BYTES", block)
    assert len(hash_pieces(cut(OWN * 10, 100))[2]) == 10
    with pytest.raises(StoreError) as caught:
        hash_pieces(cut(OWN * 11 + b"x" * 1000, 100))
    assert caught.value.slug == "self-references-too-many"


def test_what_stands_behind_a_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests behind the root are noted, whoever they belong to; digests alone are not (F-12)."""
    monkeypatch.setattr(address, "BLOCK_BYTES", 100)
    for size in (1, 37, 1000):
        hasher = AddressHasher(ROOT, OWN.decode())
        for piece in cut(STRANGER + ROOT + b"/" + OTHER + b"-x " + ROOT + b" " + OWN + ROOT + b"/short", size):
            hasher.update(piece)
        hasher.finish()
        assert hasher.named == {OTHER.decode()}


def test_abandoned_hashers_end_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gives up half-way leaves no thread behind."""
    monkeypatch.setattr(address, "BLOCK_BYTES", 64)
    before = threading.active_count()
    hasher = AddressHasher(ROOT, OWN.decode())
    for piece in cut(STREAM, 50):
        hasher.update(piece)
    assert threading.active_count() == before + 1
    hasher.abandon()
    hasher.abandon()
    assert threading.active_count() == before
