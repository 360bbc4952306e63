from __future__ import annotations

import inspect
import random
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devenv.errors import FetchError
from devenv.fetch.access import Credentials, RegistryAccess
from devenv.fetch.http import (
    STALL_WINDOW,
    WAIT_LIMIT,
    HttpClient,
    HttpRequest,
    RetryPolicy,
    make_tls_context,
    paced,
    redirect_target,
)
from devenv.fetch.http_errors import (
    TransientFetchError,
    foreign_exceptions,
    quote_reason,
    status_error,
    translate_exception,
)
from devenv.fetch.proxies import find_proxy

ADDRESS = "https://files.example/a.whl"
SECRET_ADDRESS = "https://user:s3cret@files.example/a.whl?token=s3cret"
EXCEPTIONS = sorted(
    {
        value
        for value in vars(httpx).values()
        if inspect.isclass(value) and issubclass(value, Exception) and not issubclass(value, Warning)
    },
    key=lambda kind: kind.__name__,
)

PASSING = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
    httpx.DecodingError,
)


def make_exception(kind: type[Exception]) -> Exception:
    """An exception of that class whose text holds a secret; its signature does not matter here."""
    error = kind.__new__(kind)
    Exception.__init__(error, "something happened")
    return error


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
def test_every_exception_of_the_library_is_mapped(kind: type[Exception]) -> None:
    """No exception that the HTTP library exports gets past the seam; a new one in a later version is noticed here."""
    assert issubclass(kind, foreign_exceptions())
    error = translate_exception(make_exception(kind), SECRET_ADDRESS)
    assert error.slug in {"fetch-network", "fetch-failed"}
    assert "files.example" in error.message
    assert "s3cret" not in f"{error.message}{error.details}{error.hint}"
    assert error.transient is issubclass(kind, PASSING)


@pytest.mark.parametrize(("code", "hint"), [(9, "clock"), (10, "clock"), (18, "PIP_CERT"), (62, "PIP_CERT")])
def test_certificate_errors_never_offer_to_go_on(code: int, hint: str) -> None:
    """A certificate that does not hold is final; where time is the reason the clock is named (G-13)."""
    cause = ssl.SSLCertVerificationError()
    cause.verify_code, cause.verify_message = code, "certificate has a problem"
    error = httpx.ConnectError("failed")
    error.__cause__ = cause
    shown = translate_exception(error, ADDRESS)
    assert (shown.slug, shown.transient) == ("fetch-certificate", False)
    assert hint in (shown.hint or "")


def test_reasons_are_bounded_and_printable() -> None:
    """What a library or server says cannot flood or control the terminal."""
    assert quote_reason("bad\x1b[31m\nthing. ") == "bad [31m thing"
    assert len(quote_reason("x" * 10_000)) == 200
    assert quote_reason("\x00") == "no reason given"


@pytest.mark.parametrize(("status", "transient"), [(500, True), (503, True), (429, True), (403, False), (418, False)])
def test_statuses(status: int, *, transient: bool) -> None:
    """Busy servers are asked again, refusals are final, and the address is told without its secrets."""
    error = status_error(status, SECRET_ADDRESS, None)
    assert (error.slug, error.transient) == ("fetch-status", transient)
    assert error.details == ("address: https://files.example/a.whl?…",)


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError])
def test_dead_proxy_is_named(kind: type[Exception]) -> None:
    """What fails on the way to a proxy is the proxy's fault and not the server's; its password is not told (H-10)."""
    error = translate_exception(
        kind("[Errno 111] Connection refused"), ADDRESS, "http://user:s3cret@proxy.example:3128/"
    )
    assert "through the proxy `http://proxy.example:3128/`" in error.message
    assert "Errno" not in error.message
    assert "s3cret" not in f"{error.message}{error.details}{error.hint}"
    assert "`https_proxy`" in (error.hint or "")


def test_which_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy that is named is the one that a request takes: of its host, of its scheme, of the environment."""
    for name in ("http_proxy", "no_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "user:s3cret@environment.example:1")
    monkeypatch.setenv("no_proxy", "near.example")
    apt = {"http://": "http://apt.example:2", "http://direct.example": None}
    assert find_proxy("https://far.example/x", apt) == "http://user:s3cret@environment.example:1"
    assert find_proxy("https://near.example/x", apt) is None
    assert find_proxy("http://far.example/x", apt) == "http://apt.example:2"
    assert find_proxy("http://direct.example/x", apt) is None
    assert find_proxy("file:///srv/x", {}) is None


def test_wait_is_what_the_server_asks_within_bounds() -> None:
    """Retry-After is heeded up to a limit, and nonsense in it is not (G-11)."""
    policy = RetryPolicy(first_delay=0.0)
    waits = []
    for header in ("7", "999999", "Fri, 31 Dec 1999 23:59:59 GMT", "-1", None):
        error = status_error(503, ADDRESS, header)
        assert isinstance(error, TransientFetchError)
        waits.append(policy.delay(0, error.wait))
    assert waits == [7.0, WAIT_LIMIT, 0.0, 0.0, 0.0]


def test_delays_grow_with_chance() -> None:
    """Each delay is up to twice the one before, and clients that failed together do not return together."""
    random.seed(1)
    policy = RetryPolicy(first_delay=1.0)
    for attempt in range(4):
        delays = {policy.delay(attempt, None) for _ in range(20)}
        assert len(delays) > 1
        assert all(2**attempt / 2 <= delay <= 2**attempt for delay in delays)


def test_redirect_targets() -> None:
    """Redirects may be relative, lose userinfo, and never give up TLS or HTTP (G-12)."""
    assert redirect_target(ADDRESS, "/b.whl") == "https://files.example/b.whl"
    assert redirect_target(ADDRESS, "https://user:s3cret@other.example/") == "https://other.example/"
    assert redirect_target("http://files.example/", ADDRESS) == ADDRESS
    for location in ("http://files.example/a.whl", "file:///etc/passwd", "ftp://x.example/", "https://["):
        with pytest.raises(FetchError) as caught:
            redirect_target(ADDRESS, location)
        assert caught.value.slug == "fetch-redirect"


def test_slow_transfers_are_given_up() -> None:
    """A server that drips a byte now and then does not hold us for ever (G-10)."""
    now = 0.0

    def drip() -> Iterator[bytes]:
        nonlocal now
        while True:
            now += 10.0
            yield b"x"

    with pytest.raises(TransientFetchError, match="too slowly"):
        list(paced(drip(), ADDRESS, lambda: now))
    assert now <= STALL_WINDOW + 10.0


def test_steady_transfers_go_on() -> None:
    """A slow but steady transfer is not taken for a stalled one, however long it lasts."""
    times = iter(range(0, 1_000_000, 10))
    chunks = iter([b"x" * 1024] * 100)
    assert sum(map(len, paced(chunks, ADDRESS, lambda: float(next(times))))) == 102_400


def test_client_never_shows_credentials() -> None:
    """Neither access nor credentials show a password when they are printed in a log or traceback (H-10)."""
    credentials = Credentials({"https://index.example": ("user", "s3cret")}, {"index.example": ("user", "s3cret")})
    access = RegistryAccess("https://index.example/simple/", "a test", credentials=credentials)
    assert "s3cret" not in f"{access!r}{credentials!r}{access}"


def test_unreadable_certificates_are_told(tmp_path: Path) -> None:
    """A certificate file that is missing or holds none is an error that names it and the settings."""
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(FetchError) as caught:
            make_tls_context(str(tmp_path / name))
        assert caught.value.slug == "fetch-certificate"
        assert str(tmp_path / name) in caught.value.message


def test_verification_is_always_on(tmp_path: Path) -> None:
    """Whatever is configured, servers must show a certificate that holds for their name (G-13)."""
    for certificates in (None, str(tmp_path)):
        context = make_tls_context(certificates)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_hostile_proxy_variable_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy address that cannot be used is an error that says so and quotes nothing (G-21, H-10)."""
    monkeypatch.setenv("https_proxy", "gopher://user:s3cret@proxy.example:1")
    client = HttpClient(RegistryAccess("https://index.example/simple/", "a test"))
    with pytest.raises(FetchError) as caught:
        client.fetch(HttpRequest("GET", ADDRESS, {}), 10)
    assert caught.value.slug == "proxy-invalid"
    assert "s3cret" not in f"{caught.value.message}{caught.value.details}{caught.value.hint}"
