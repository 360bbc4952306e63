"""Compressed streams: read to their exact end and no further than allowed."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import random
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from devenv import compression
from devenv.compression import PIECE_BYTES, Compression, InvalidStreamError, iter_decompressed, limit_of
from tests.debs import PACKERS

COMPRESSED = [kind for kind in Compression if kind is not Compression.NONE]
CONTENT = random.Random(1).randbytes(3000) + bytes(100_000)
NO_LIMIT = 1 << 40
CHUNK_BYTES = [1, 7, 4096, 1 << 20]


def pack(kind: Compression, content: bytes) -> bytes:
    return PACKERS[kind.value](content)


def unpack(packed: bytes, kind: Compression, limit: int = NO_LIMIT, chunk_bytes: int = 4096) -> bytes:
    chunks = (packed[start : start + chunk_bytes] for start in range(0, len(packed), chunk_bytes))
    return b"".join(iter_decompressed(chunks, kind, limit))


@pytest.mark.parametrize("kind", Compression)
@pytest.mark.parametrize("chunk_bytes", CHUNK_BYTES)
@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["nothing", "byte", "much"])
def test_whole_streams(kind: Compression, chunk_bytes: int, content: bytes) -> None:
    """What was compressed comes out again, in whatever pieces it comes in."""
    assert unpack(pack(kind, content), kind, chunk_bytes=chunk_bytes) == content


@pytest.mark.parametrize("kind", COMPRESSED)
@pytest.mark.parametrize("size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES])
def test_pieces(kind: Compression, size: int) -> None:
    """Content comes in pieces of about a mebibyte, so that threads work at the same time and memory stays small."""
    content = random.Random(size).randbytes(size)
    packed = pack(kind, content)
    pieces = list(iter_decompressed([packed[:5000], packed[5000:]], kind, NO_LIMIT))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 2 * PIECE_BYTES
    assert len(pieces) <= size / PIECE_BYTES + 4


@pytest.mark.parametrize("kind", COMPRESSED)
@pytest.mark.parametrize("behind", [b"\0", b"\0\0\0\0", b"garbage"], ids=["zero", "zeros", "garbage"])
@pytest.mark.parametrize("chunk_bytes", CHUNK_BYTES)
def test_something_behind(kind: Compression, behind: bytes, chunk_bytes: int) -> None:
    """What follows a stream is refused, padding included (I-15)."""
    with pytest.raises(InvalidStreamError, match="follows"):
        unpack(pack(kind, CONTENT) + behind, kind, chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("kind", COMPRESSED)
@pytest.mark.parametrize("chunk_bytes", CHUNK_BYTES)
def test_several_streams(kind: Compression, chunk_bytes: int) -> None:
    """A second stream is refused, empty or not: some readers would go on and some would stop (I-15)."""
    for second in (b"", b"more"):
        with pytest.raises(InvalidStreamError, match="follows"):
            unpack(pack(kind, CONTENT) + pack(kind, second), kind, chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_truncated_anywhere(kind: Compression) -> None:
    """A stream that ends too early, wherever, is refused, and reading it ends (I-12: zstd without an end, I-15)."""
    packed = pack(kind, CONTENT[2900:3500])
    for length in range(len(packed)):
        with pytest.raises(InvalidStreamError, match="too early"):
            unpack(packed[:length], kind)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_foreign_streams(kind: Compression) -> None:
    """A stream of another kind than its name says is refused, and so is one that is not compressed."""
    for other in Compression:
        if other is not kind:
            with pytest.raises(InvalidStreamError, match="damaged"):
                unpack(pack(other, CONTENT), kind)


@pytest.mark.parametrize("kind", Compression)
def test_limit(kind: Compression) -> None:
    """Exactly as much as allowed comes out, and not a byte beyond it is handed on (I-06, I-15)."""
    packed = pack(kind, CONTENT)
    assert unpack(packed, kind, len(CONTENT)) == CONTENT
    received: list[bytes] = []
    with pytest.raises(InvalidStreamError, match=f"more than {len(CONTENT) - 1} bytes"):
        received.extend(iter_decompressed([packed], kind, len(CONTENT) - 1))
    assert sum(map(len, received)) < len(CONTENT)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_bombs(kind: Compression) -> None:
    """A stream that would unpack to gibibytes is stopped at its limit, in bounded memory (I-06, I-15)."""
    packed = pack(kind, bytes(64 << 20))
    assert limit_of(len(packed)) < 1 << 30
    tracemalloc.start()
    try:
        with pytest.raises(InvalidStreamError, match="more than"):
            for _ in iter_decompressed([packed], kind, 16 << 20):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * compression.MAX_MEMORY_BYTES


def test_limits_by_size() -> None:
    """A small archive may always hold some padding, a large one a thousand times itself, none more than 16 GiB."""
    assert limit_of(0) == limit_of(1000) == 16 << 20
    assert limit_of(100_000) == 100_000_000
    assert limit_of(1 << 40) == 16 << 30


@pytest.mark.parametrize(("code", "accepted"), [(28, True), (36, False)], ids=["64 MiB", "1 GiB"])
def test_xz_memory(code: int, accepted: bool) -> None:
    """A stream that asks for more memory than `xz -9` does, and than any machine may lack, is refused (I-15)."""
    packed = bytearray(lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]))
    # The header of the block: its length, flags, filter, the length of what describes it, and that: the code of a size.
    assert packed[14:16] == bytes([lzma.FILTER_LZMA2, 1])
    packed[16] = code
    packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")
    if accepted:
        assert unpack(bytes(packed), Compression.XZ) == b"x"
    else:
        with pytest.raises(InvalidStreamError, match="Memory usage limit"):
            unpack(bytes(packed), Compression.XZ)


def test_zstd_memory() -> None:
    """A frame that asks for a window beyond 128 MiB is refused, one of that size is read (I-15)."""
    for log, accepted in [(27, True), (28, False)]:
        parameters = zstandard.ZstdCompressionParameters(window_log=log, write_content_size=False)
        packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        packed = packer.compress(b"x") + packer.flush()
        if accepted:
            assert unpack(packed, Compression.ZSTD) == b"x"
        else:
            with pytest.raises(InvalidStreamError, match="damaged"):
                unpack(packed, Compression.ZSTD)


def test_zstd_skippable_frame() -> None:
    """A frame that readers pass over is no content: refused in front of it and behind it."""
    skippable = b"\x50\x2a\x4d\x18\4\0\0\0abcd"
    for packed in (skippable + pack(Compression.ZSTD, CONTENT), pack(Compression.ZSTD, CONTENT) + skippable):
        with pytest.raises(InvalidStreamError):
            unpack(packed, Compression.ZSTD)


def test_gzip_names() -> None:
    """A gzip stream may carry a name, as the tool itself writes it."""
    packed = gzip.compress(CONTENT, mtime=0)
    named = packed[:3] + b"\x08" + packed[4:10] + b"control.tar\0" + packed[10:]
    assert unpack(named, Compression.GZIP) == CONTENT


@pytest.mark.parametrize("kind", COMPRESSED)
def test_errors_of_the_source(kind: Compression) -> None:
    """What the source raises passes through: the system's errors are no faults of the archive."""

    def chunks() -> Iterator[bytes]:
        yield pack(kind, CONTENT)[:20]
        raise OSError(5, "cannot be read")

    with pytest.raises(OSError, match="cannot be read"):
        list(iter_decompressed(chunks(), kind, NO_LIMIT))


@given(
    kind=st.sampled_from(COMPRESSED),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=6), st.integers(0, 6)), min_size=1, max_size=3),
    chunk_bytes=st.sampled_from(CHUNK_BYTES),
)
@example(kind=Compression.ZSTD, edits=[(0, b"", 6)], chunk_bytes=1)
def test_mutated_streams(kind: Compression, edits: Iterable[tuple[int, bytes, int]], chunk_bytes: int) -> None:
    """Whatever is done to a stream: an error of ours or some content within the limit, and never another error."""
    packed = pack(kind, CONTENT)
    for position, inserted, removed in edits:
        start = position % (len(packed) + 1)
        packed = packed[:start] + inserted + packed[start + removed :]
    with contextlib.suppress(InvalidStreamError):
        assert len(unpack(packed, kind, 1 << 20, chunk_bytes)) <= 1 << 20
