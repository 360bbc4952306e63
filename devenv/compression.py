"""Decompresses streams of unknown origin: bounded in output and memory, and to their exact end (FAULTS I-15).

Decompressors are generous readers: they pass over what follows a stream, take a second stream for a continuation, and
allocate what a header asks for. Each of these lets two readers see two contents, or a small file take all memory, so
here a stream is one stream, from the first byte to the last.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zstandard

PIECE_BYTES = 1 << 20
"""Of output at a time: the decompressors work without Python's lock, so that large pieces let other threads run."""
MAX_MEMORY_BYTES = 128 << 20
"""For the window of past output that a stream refers to: `xz -9` needs half of it, `zstd --ultra` all."""
MAX_BYTES = 16 << 30
MAX_RATIO = 1000
"""Unpacked to packed. The highest in Debian is 244; zeros reach 7,000 by xz and 30,000 by zstd."""
SMALL_BYTES = 16 << 20
"""What may always come out: padding dominates small archives, whose ratio says nothing."""
ZSTD_INPUT_BYTES = 2 << 10
"""Of packed data at a time: four bytes can stand for a block of 128 KiB, so this for 64 MiB at worst."""


class Compression(StrEnum):
    """How a stream is compressed; the values are the endings of file names."""

    NONE = ""
    GZIP = ".gz"
    XZ = ".xz"
    ZSTD = ".zst"


class InvalidStreamError(Exception):
    """A stream is not accepted; the message says why, to be put behind its name."""


def limit_of(packed_size: int) -> int:
    """How many bytes may come out of so many."""
    return min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * packed_size))


def iter_decompressed(chunks: Iterable[bytes], kind: Compression, limit: int) -> Iterator[bytes]:
    """The content of one compressed stream, which `chunks` hold exactly. Pieces are of 1 MiB where there is as much.

    Raises InvalidStreamError: damaged, cut off, followed by something, in need of too much memory, or longer than
    `limit` bytes (nothing beyond them is yielded). What was yielded before is to be believed only at the end.
    """
    size = 0
    for piece in _DECODERS[kind](chunks):
        size += len(piece)
        if size > limit:
            raise InvalidStreamError(f"it unpacks to more than {limit} bytes")
        yield piece


def _iter_stored(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return iter(chunks)


def _iter_gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            _require_open(decoder.eof)
            packed = chunk
            while packed and not decoder.eof:
                yield decoder.decompress(packed, PIECE_BYTES)
                packed = decoder.unconsumed_tail
        # What the input has given already, and the output had no room for.
        while not decoder.eof and (piece := decoder.decompress(b"", PIECE_BYTES)):
            yield piece
    except zlib.error as error:
        raise InvalidStreamError(f"it is damaged: {error}") from error
    _require_end(decoder.eof, decoder.unused_data)


def _iter_xz(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_MEMORY_BYTES)
    try:
        for chunk in chunks:
            _require_open(decoder.eof)
            yield decoder.decompress(chunk, PIECE_BYTES)
            while not decoder.needs_input and not decoder.eof:
                yield decoder.decompress(b"", PIECE_BYTES)
    except lzma.LZMAError as error:
        raise InvalidStreamError(f"it is damaged: {error}") from error
    _require_end(decoder.eof, decoder.unused_data)


def _iter_zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # Its readers, which bound their output themselves, do not tell whether a frame has ended or the input has.
    import zstandard

    decoder = zstandard.ZstdDecompressor(max_window_size=MAX_MEMORY_BYTES).decompressobj()
    try:
        yield from _joined(_iter_zstd_pieces(chunks, decoder))
    except zstandard.ZstdError as error:
        raise InvalidStreamError(f"it is damaged: {error}") from error
    _require_end(decoder.eof, decoder.unused_data)


def _iter_zstd_pieces(chunks: Iterable[bytes], decoder: zstandard.ZstdDecompressionObj) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), ZSTD_INPUT_BYTES):
            _require_open(decoder.eof)
            yield decoder.decompress(chunk[start : start + ZSTD_INPUT_BYTES])


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at least `PIECE_BYTES`, the last one excepted."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _require_open(ended: bool) -> None:
    if ended:
        raise InvalidStreamError("something follows its compressed data")


def _require_end(ended: bool, behind: bytes) -> None:
    _require_open(bool(behind))
    if not ended:
        raise InvalidStreamError("its compressed data ends too early")


_DECODERS = {
    Compression.NONE: _iter_stored,
    Compression.GZIP: _iter_gzip,
    Compression.XZ: _iter_xz,
    Compression.ZSTD: _iter_zstd,
}
