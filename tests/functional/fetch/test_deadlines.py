"""Servers that always send something, and never what was asked for."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from devenv.errors import FetchError
from devenv.fetch.access import RegistryAccess
from devenv.fetch.deadlines import TimeLimits
from devenv.fetch.http import HttpClient, HttpRequest, RetryPolicy

LONG = 60.0
SHORT = 0.2
PATIENCE = 10.0
"""Seconds after which a test would say that there is no deadline; far above what it takes."""

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n"


class Dripping:
    """Answers every request with `start`, then with `drop` for ever, a hundred times a second."""

    def __init__(self, start: bytes, drop: bytes) -> None:
        self._start = start
        self._drop = drop
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/page"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(self._start)
            while not self._closing.wait(0.01):
                connection.sendall(self._drop)


@contextlib.contextmanager
def dripping(start: bytes, drop: bytes) -> Iterator[Dripping]:
    server = Dripping(start, drop)
    try:
        yield server
    finally:
        server.close()


def open_client(limits: TimeLimits, attempts: int = 1) -> contextlib.closing[HttpClient]:
    access = RegistryAccess("http://127.0.0.1/simple/", "a test")
    return contextlib.closing(HttpClient(access, RetryPolicy(attempts, first_delay=0.0), limits))


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", INTERIM),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (HEAD, b"1\r\nx\r\n"),
        (HEAD + b"1; extension=", b"x"),
        (HEAD + b"0\r\nX-Trailer: ", b"x"),
    ],
    ids=["interim answers", "header", "body", "extension of a chunk", "trailer"],
)
def test_page_ends_at_its_deadline(start: bytes, drop: bytes) -> None:
    """However a server spreads out an answer, a page is given up when its time is over (G-10)."""
    began = time.monotonic()
    with (
        dripping(start, drop) as server,
        open_client(TimeLimits(LONG, SHORT)) as client,
        pytest.raises(FetchError, match="too slowly") as caught,
    ):
        client.fetch(HttpRequest("GET", server.address, {}), 1 << 20)
    assert (caught.value.slug, caught.value.details) == ("fetch-network", (f"address: {server.address}",))
    assert SHORT <= time.monotonic() - began < PATIENCE


def test_page_is_not_tried_again_behind_its_deadline() -> None:
    """The time for a page is for all attempts together."""
    with (
        dripping(b"", INTERIM) as server,
        open_client(TimeLimits(LONG, SHORT), attempts=4) as client,
        pytest.raises(FetchError, match="too slowly"),
    ):
        client.fetch(HttpRequest("GET", server.address, {}), 1 << 20)
    assert server.connections == 1


def test_file_begins_before_its_deadline() -> None:
    """The server of a file must begin to answer in time (G-10)."""
    began = time.monotonic()
    with dripping(b"", INTERIM) as server, open_client(TimeLimits(SHORT, LONG)) as client:
        stream = client.stream(HttpRequest("GET", server.address, {}))
        with pytest.raises(FetchError, match="too slowly"):
            stream.__enter__()
    assert time.monotonic() - began < PATIENCE


def test_file_that_began_has_its_own_pace() -> None:
    """The deadline for the beginning of an answer does not hold for the file behind it."""
    began = time.monotonic()
    with (
        dripping(HEAD, b"1\r\nx\r\n") as server,
        open_client(TimeLimits(SHORT, LONG)) as client,
        client.stream(HttpRequest("GET", server.address, {})) as stream,
    ):
        assert b"".join(itertools.islice(stream.chunks, 40)) == b"x" * 40
    assert time.monotonic() - began > SHORT
