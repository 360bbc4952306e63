"""Decompression of indexes in a thread beside the parser; `devenv.compression` says what is accepted (I-15)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from devenv.compression import Compression, InvalidStreamError, iter_decompressed

CHUNK = 1 << 20
"""Bytes that are handed to the decompressor at once."""

AHEAD = 4
"""Pieces that are unpacked before anybody asks for them."""


def iter_unpacked(content: bytes, suffix: str, limit: int) -> Iterator[bytes]:
    """What `content` unpacks to, in pieces; `suffix` is that of a `Compression`, empty where it is not compressed.

    Raises ValueError where it is damaged, goes on behind its end, or makes more than `limit` bytes.
    """
    chunks = (content[start : start + CHUNK] for start in range(0, len(content), CHUNK))
    try:
        yield from iter_ahead(lambda: iter_decompressed(chunks, Compression(suffix), limit))
    except InvalidStreamError as error:
        raise ValueError(str(error)) from error


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
