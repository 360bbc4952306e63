"""Connections that heed `devenv.fetch.deadlines` before every read and write, for the client of `devenv.fetch.http`.

Below the HTTP library, because it waits for headers in a loop of its own that ends only with them.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from devenv.fetch.deadlines import DeadlineError, shorten, time_left

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


def heed_deadlines(client: httpx.Client) -> None:
    """Let all connections that `client` makes from now on, to servers and proxies, heed the deadlines."""
    # The library takes no backend, and makes the transports for the environment's proxies itself.
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - see above
        if isinstance(transport, httpx.HTTPTransport):
            pool = transport._pool  # noqa: SLF001 - see above
            pool._network_backend = TimedBackend(pool._network_backend)  # noqa: SLF001 - see above


class TimedBackend(httpcore.NetworkBackend):
    """Makes the connections that `inner` makes, with the deadlines of the threads that use them."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers; `timeout` is for each of them."""
        failure: Exception | None = None
        # One by one: `inner` would try them all, each for the whole time.
        for address in _find_addresses(host, port):
            try:
                return TimedStream(
                    self._inner.connect_tcp(address, port, shorten(timeout), local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"`{host}` has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SocketOption] | None = None
    ) -> httpcore.NetworkStream:
        """Connect to the socket at `path`."""
        return TimedStream(self._inner.connect_unix_socket(path, shorten(timeout), socket_options))


def _find_addresses(host: str, port: int) -> list[str]:
    """The addresses of `host` in the order of the system's preference. Raises httpcore.ConnectError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@contextlib.contextmanager
def _waiting(timeout: float | None) -> Iterator[float | None]:
    """How long to wait at most; raises DeadlineError also where that is over only afterwards."""
    try:
        yield shorten(timeout)
    except httpcore.TimeoutException:
        if time_left() <= 0:
            raise DeadlineError from None
        raise


class TimedStream(httpcore.NetworkStream):
    """The connection `inner`, with the deadline of the thread that uses it."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, at most so many bytes; nothing at the end."""
        with _waiting(timeout) as shortened:
            return self._inner.read(max_bytes, shortened)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        with _waiting(timeout) as shortened:
            self._inner.write(buffer, shortened)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, protected."""
        with _waiting(timeout) as shortened:
            return TimedStream(self._inner.start_tls(ssl_context, server_hostname, shortened))

    def get_extra_info(self, info: str) -> Any:
        """What the library wants to know of its sockets."""
        return self._inner.get_extra_info(info)
