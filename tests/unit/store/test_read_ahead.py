"""Reading ahead: the same bytes and the same errors, in bounded memory, and an end wherever it is."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator

import pytest

from devenv.store.read_ahead import PIECE_BYTES, PIECES, ReadAhead


def test_reads_what_is_there() -> None:
    """Whatever sizes are asked for, the bytes come whole and in order."""
    content = bytes(range(256)) * (PIECE_BYTES // 64)
    with ReadAhead(io.BytesIO(content).read) as ahead:
        pieces = [ahead.read(size) or b"" for size in (1, 100, PIECE_BYTES + 1)]
        assert b"".join(pieces) + ahead.readall() == content
        assert ahead.read(1) == b""


def test_errors_come_where_they_belong() -> None:
    """What the source raises is raised behind the bytes that came before it, and in the thread that reads (I-15)."""
    pieces: Iterator[bytes | OSError] = iter((b"first", OSError("broken")))

    def read(_: int) -> bytes:
        piece = next(pieces)
        if isinstance(piece, OSError):
            raise piece
        return piece

    with ReadAhead(read) as ahead:
        assert ahead.read(5) == b"first"
        with pytest.raises(OSError, match="broken"):
            ahead.read(1)
        assert ahead.read(1) == b""


def test_holds_little_and_ends_early() -> None:
    """A source without end is read a few pieces ahead only, and left alone as soon as nobody reads any more."""
    taken, full = [0], threading.Event()

    def read(size: int) -> bytes:
        taken[0] += 1
        if taken[0] == PIECES + 1:
            full.set()
        return b"x" * size

    ahead = ReadAhead(read)
    assert full.wait(10)
    assert taken[0] <= PIECES + 1
    ahead.close()
    assert not any(thread.name == "read" for thread in threading.enumerate())
