"""Reads a stream in a thread of its own, so that unpacking it and working with it take place at the same time."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable

PIECE_BYTES = 1 << 20
PIECES = 8
"""How many are held at most, which bounds the memory."""
PATIENCE = 1.0
"""Seconds to wait for the thread at the end: one that waits for a pipe on which nothing comes is left to itself."""


class ReadAhead(io.RawIOBase):
    """What `read` gives, up to its end, as a stream; what it raises is raised where it would have been.

    `close` ends the thread. Nothing but the thread may use `read`'s source until then.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._pieces: queue.Queue[bytes | BaseException] = queue.Queue(PIECES)
        self._rest = memoryview(b"")
        self._ended = False
        self._stopped = threading.Event()
        # It must not hold up the end of a process that was interrupted.
        self._thread = threading.Thread(target=self._fill, name="read", daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes: as many as there are of a piece."""
        if not self._rest and not self._ended:
            piece = self._pieces.get()
            if isinstance(piece, BaseException):
                self._ended = True
                raise piece
            self._rest, self._ended = memoryview(piece), not piece
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        """End the thread, wherever it is."""
        self._stopped.set()
        # One that waits for room gets some, and ends.
        while True:
            try:
                self._pieces.get_nowait()
            except queue.Empty:
                break
        self._thread.join(PATIENCE)
        super().close()

    def _fill(self) -> None:
        try:
            while not self._stopped.is_set():
                piece = self._read(PIECE_BYTES)
                self._pieces.put(piece)
                if not piece:
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where it was to be read
            self._pieces.put(error)
