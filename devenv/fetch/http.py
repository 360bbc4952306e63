"""The one seam to the HTTP library: requests that are bounded in time and size, retried, and safe to redirect.

`httpx` is imported and the client made at the first request: a run that needs no network pays for neither. Above it lie
`devenv.fetch.index` (whole pages) and `devenv.fetch.downloads` (streams); what may go wrong is told in
`devenv.fetch.http_errors`. Proxies come from the environment, as `httpx` reads it, where the access names none.
Addresses that begin with `file://localhost/` lead to this machine's files, for archives that lie there.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

import devenv
from devenv.errors import FetchError
from devenv.fetch.access import ServerAccess
from devenv.fetch.addresses import host_of, origin_of, parse_address, show_address
from devenv.fetch.content_encoding import iter_content
from devenv.fetch.deadlines import DeadlineError, TimeLimits, time_left, time_limit
from devenv.fetch.http_errors import (
    TransientFetchError,
    foreign_exceptions,
    offline_error,
    stalled,
    status_error,
    translate_exception,
)
from devenv.fetch.proxies import find_proxy
from devenv.workers import check_cancelled, pause

if TYPE_CHECKING:
    import ssl

    import httpx

Result = TypeVar("Result")

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
"""Seconds without a single byte."""

STALL_WINDOW = 30.0
STALL_BYTES = 1024
"""A transfer that brings fewer bytes than this in a window (seconds) has stalled, however busy it looks (G-10)."""

LOCAL = "file://"
"""What addresses of this machine's files begin with."""
REDIRECT_LIMIT = 10
REDIRECTS = {301, 302, 303, 307, 308}
WAIT_LIMIT = 20.0
"""Seconds; a server that asks for a longer pause gets this one."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request that failed for a passing reason is made, and how long to wait between."""

    attempts: int = 4
    first_delay: float = 0.3
    """Seconds; doubled after every attempt, then shortened by chance so that many clients do not return together."""

    def delay(self, attempt: int, wait: float | None) -> float:
        """Seconds to wait after `attempt` (counted from 0) failed and the server asked for `wait`."""
        backoff = self.first_delay * 2.0**attempt * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        return max(backoff, min(wait or 0.0, WAIT_LIMIT))


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    address: str
    """Where it came from, after redirects."""
    content: bytes
    """Unpacked, where the status is 200."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is still to come, in pieces as they arrive; a compressed one is not unpacked."""

    status: int
    headers: Mapping[str, str]
    address: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to ask a server. `accept` are the statuses the caller deals with; all others are raised as errors."""

    method: str
    address: str
    headers: Mapping[str, str]
    accept: frozenset[int] = frozenset({200})
    compressible: bool = False
    """Whether the server may compress its answer: for large pages, and never for files, whose hash is over just that
    which lies there.
    """


class HttpClient:
    """Makes requests for one user's access to a registry. May be used from several threads; to be closed."""

    def __init__(
        self,
        access: ServerAccess,
        policy: RetryPolicy | None = None,
        limits: TimeLimits | None = None,
        *,
        offline: bool = False,
    ) -> None:
        """`offline`: only files of this machine can be read (FAULTS G-21)."""
        self._offline = offline
        self._access = access
        self._policy = policy or RetryPolicy()
        self._limits = limits or TimeLimits()
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def fetch(self, request: HttpRequest, limit: int) -> Reply:
        """The whole answer to `request`, of at most `limit` bytes after unpacking; retried where that may help.

        Raises FetchError: `fetch-network`, `fetch-certificate`, `fetch-status`, `fetch-encoding`, `fetch-too-large`.
        """
        with time_limit(self._limits.page):
            return self.retried(lambda: self._fetch_once(request, limit))

    def _fetch_once(self, request: HttpRequest, limit: int) -> Reply:
        with self.stream(request) as stream:
            chunks = stream.chunks
            # Other answers are known by their status, and what a HEAD speaks of does not follow.
            if stream.status == 200 and request.method != "HEAD":
                chunks = iter_content(chunks, stream.headers.get("content-encoding", ""), stream.address)
            content = bytearray()
            for chunk in chunks:
                content += chunk
                if len(content) > limit:
                    raise FetchError(
                        f"the answer of `{host_of(stream.address)}` is larger than {limit} bytes",
                        details=(f"address: {show_address(stream.address)}",),
                        slug="fetch-too-large",
                    )
            return Reply(stream.status, stream.headers, stream.address, bytes(content))

    def retried(self, action: Callable[[], Result]) -> Result:
        """The result of `action`, called again after a pause each time that it raises a TransientFetchError.

        Not where the pause would go beyond this thread's deadline.
        """
        for attempt in range(self._policy.attempts - 1):
            try:
                return action()
            except TransientFetchError as error:
                delay = self._policy.delay(attempt, error.wait)
                if delay >= time_left():
                    raise
                pause(delay)
        return action()

    @contextlib.contextmanager
    def stream(self, request: HttpRequest) -> Iterator[Stream]:
        """Make `request` once and read its answer inside the `with` block. Raises FetchError."""
        address = request.address
        if self._offline and not address.startswith(LOCAL):
            raise offline_error(address)
        client = self._require_client()
        try:
            with time_limit(self._limits.answer):
                response = self._send(client, request)
            address = str(response.url)
            with contextlib.closing(response):
                if response.status_code not in request.accept:
                    raise status_error(
                        response.status_code,
                        address,
                        response.headers.get("retry-after"),
                        authorized="authorization" in response.request.headers,
                    )
                headers = {name.lower(): value for name, value in response.headers.items()}
                yield Stream(response.status_code, headers, address, paced(response.iter_raw(), address))
        except DeadlineError:
            raise stalled(address) from None
        except foreign_exceptions() as error:
            raise translate_exception(error, address, find_proxy(address, self._access.proxies)) from error

    def _send(self, client: httpx.Client, request: HttpRequest) -> httpx.Response:
        """Follow redirects: never to an unprotected server, never with the credentials of another (G-12)."""
        address = request.address
        authorization = self._access.credentials.authorization(address)
        for _ in range(REDIRECT_LIMIT + 1):
            headers = {
                "User-Agent": f"devenv/{devenv.__version__}",
                "Accept-Encoding": "gzip" if request.compressible else "identity",
                **request.headers,
            }
            if authorization is not None:
                headers["Authorization"] = authorization
            check_cancelled()
            response = client.send(
                client.build_request(request.method, address, headers=headers),
                stream=True,
                follow_redirects=False,
            )
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                return response
            response.close()
            target = redirect_target(address, response.headers["location"])
            if origin_of(target) != origin_of(address):
                authorization = None
            address = target
        raise FetchError(
            f"`{host_of(request.address)}` redirects more than {REDIRECT_LIMIT} times",
            details=(f"address: {show_address(request.address)}",),
            slug="fetch-redirect",
        )

    def _require_client(self) -> httpx.Client:
        import httpx

        from devenv.fetch.timed_connections import heed_deadlines

        with self._lock:
            if self._client is None:
                context = make_tls_context(self._access.certificates)
                try:
                    client = httpx.Client(
                        verify=context,
                        mounts=make_mounts(self._access.proxies, context),
                        timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
                    )
                # The library's words would quote the proxy's address, which may hold a password.
                except (ValueError, ImportError, httpx.InvalidURL):
                    raise FetchError(
                        "the proxy that is set cannot be used",
                        hint="set `https_proxy`, or apt's proxy for `debian:`, to an address like "
                        "`http://proxy.example:3128`, or unset it",
                        slug="proxy-invalid",
                    ) from None
                heed_deadlines(client)
                self._client = client
            return self._client


def make_mounts(proxies: Mapping[str, str | None], context: ssl.SSLContext) -> dict[str, httpx.BaseTransport]:
    """What carries requests to the places that `proxies` names, and to files of this machine."""
    import httpx

    from devenv.fetch.file_transport import FileTransport

    mounts: dict[str, httpx.BaseTransport] = {"file://": FileTransport()}
    for place, proxy in proxies.items():
        mounts[place] = httpx.HTTPTransport(verify=context, proxy=proxy)
    return mounts


def make_tls_context(certificates: str | None) -> ssl.SSLContext:
    """What to verify servers against: the authorities in `certificates` (a file or directory), else the system's.

    Without either, a Python with no access to the system's (some on macOS) still has those that `httpx` brings.
    Raises FetchError (`fetch-certificate`) where `certificates` cannot be read.
    """
    import ssl
    from pathlib import Path

    import httpx

    if certificates is None:
        context = httpx.create_ssl_context()
        context.load_default_certs()
        return context
    try:
        if Path(certificates).is_dir():
            return ssl.create_default_context(capath=certificates)
        return ssl.create_default_context(cafile=certificates)
    except OSError as error:
        raise FetchError(
            f"the certificates in `{certificates}` cannot be read: {error.strerror or 'no certificates in it'}",
            hint="correct `PIP_CERT`, `SSL_CERT_FILE` or `cert` in pip's configuration",
            slug="fetch-certificate",
        ) from error


def redirect_target(address: str, location: str) -> str:
    """Where a redirect leads. Raises FetchError where that is no address, or one that gives up protection."""
    try:
        target = parse_address(urljoin(address, location)).address
    except ValueError as error:
        raise FetchError(
            f"`{host_of(address)}` redirects to an address that cannot be used: {error}", slug="fetch-redirect"
        ) from None
    if address.startswith("https:") and not target.startswith("https:"):
        raise FetchError(
            f"`{host_of(address)}` redirects to an address without TLS",
            details=(f"address: {show_address(target)}",),
            slug="fetch-redirect",
        )
    return target


def paced(chunks: Iterator[bytes], address: str, clock: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """`chunks`, as long as they keep coming at more than `STALL_BYTES` each `STALL_WINDOW`, and are still wanted.

    A single one may take no longer than a window either, though the connection is busy with what is around it.
    """
    began, count = clock(), 0
    while True:
        with time_limit(STALL_WINDOW):
            chunk = next(chunks, None)
        if chunk is None:
            return
        check_cancelled()
        count += len(chunk)
        if clock() - began > STALL_WINDOW:
            if count < STALL_BYTES:
                raise stalled(address)
            began, count = clock(), 0
        yield chunk
