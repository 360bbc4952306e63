"""Decompression of indexes in a thread beside the parser: bounded in memory and length, to the exact end (I-15)."""

from __future__ import annotations

import lzma
import queue
import threading
import zlib
from collections.abc import Callable, Iterator

CHUNK = 1 << 20
"""Bytes that are unpacked at once."""

AHEAD = 4
"""Pieces that are unpacked before anybody asks for them."""

MEMORY_LIMIT = 128 << 20
"""Bytes for xz's dictionary; that of Debian's indexes takes nine millions."""


def iter_unpacked(content: bytes, suffix: str, limit: int) -> Iterator[bytes]:
    """What `content` unpacks to, in pieces; `suffix` is `.xz`, `.gz`, or empty where it is not compressed.

    Raises ValueError where it is damaged, goes on behind its end, or makes more than `limit` bytes.
    """
    unpack = {".xz": _iter_xz, ".gz": _iter_gz, "": _iter_plain}[suffix]
    count = 0
    for piece in iter_ahead(lambda: unpack(content)):
        count += len(piece)
        if count > limit:
            raise ValueError(f"it unpacks to more than {limit} bytes")
        yield piece


def _iter_plain(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]


def _iter_xz(content: bytes) -> Iterator[bytes]:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT)
    try:
        piece = unpacker.decompress(content, CHUNK)
        while not unpacker.eof and (piece or not unpacker.needs_input):
            yield piece
            piece = unpacker.decompress(b"", CHUNK)
    except lzma.LZMAError as error:
        raise ValueError(f"it is damaged: {error}") from error
    yield piece
    _require_end(ended=unpacker.eof, rest=unpacker.unused_data)


def _iter_gz(content: bytes) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    rest = content
    try:
        while not unpacker.eof and rest:
            piece = unpacker.decompress(rest, CHUNK)
            rest = unpacker.unconsumed_tail
            yield piece
    except zlib.error as error:
        raise ValueError(f"it is damaged: {error}") from error
    _require_end(ended=unpacker.eof, rest=unpacker.unused_data)


def _require_end(*, ended: bool, rest: bytes) -> None:
    if not ended:
        raise ValueError("it is cut off")
    if rest:
        raise ValueError("it goes on behind its end")


def iter_ahead(make: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """The pieces of `make()`, made in a thread of its own a little before they are asked for; its exception as well."""
    pieces: queue.Queue[bytes | BaseException | None] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def work() -> None:
        try:
            for piece in make():
                pieces.put(piece)
                if stopped.is_set():
                    return
            pieces.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that reads
            pieces.put(error)

    threading.Thread(target=work, daemon=True, name="devenv-unpack").start()
    try:
        while (piece := pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        stopped.set()
        # One that waits for room goes on, sees that it is no longer wanted, and ends.
        while not pieces.empty():
            pieces.get_nowait()
