"""Every exception of the HTTP library, as the FetchError that a person gets to see.

Used by `devenv.fetch.http`, the only module that calls the library; a test goes through all that it exports and checks
that none is forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from devenv.errors import FetchError
from devenv.fetch.addresses import host_of, show_address

if TYPE_CHECKING:
    import ssl

REASON_LIMIT = 200
"""Characters that are quoted of a library's or a server's own words."""

TRANSIENT_STATUSES = {408, 425, 429, 500, 502, 503, 504}

CHECK_PROXY = "check the proxy, which `https_proxy` names, or apt's configuration for `debian:`"
REFUSED = "user name and password were refused: correct them in the address that is set, or in `~/.netrc`"

CLOCK_CODES = {9, 10}
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


class TransientFetchError(FetchError):
    """A failure that may pass by itself; `wait` is how many seconds the server asked to stay away, if it did."""

    def __init__(
        self,
        message: str,
        *,
        slug: str,
        hint: str | None = None,
        details: tuple[str, ...] = (),
        wait: float | None = None,
    ) -> None:
        super().__init__(message, slug=slug, hint=hint, details=details, transient=True)
        self.wait = wait


OFFLINE = "offline"
"""Slug of the error for what only a server has, where none may be asked."""


def offline_error(address: str) -> FetchError:
    """The error for a request that was not made."""
    return FetchError(
        f"`{host_of(address)}` was not asked: devenv is offline",
        details=(f"address: {show_address(address)}",),
        hint="run it once without `--offline`, and without `offline` in the settings",
        slug="offline",
    )


def require_here(questions: Iterable[Callable[[], object]]) -> None:
    """Ask them all where no server may be asked. Raises FetchError (`offline`) with every address that would be."""
    failures: list[FetchError] = []
    for question in questions:
        try:
            question()
        except FetchError as error:
            if error.slug != OFFLINE:
                raise
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise FetchError(
            f"devenv is offline, and {len(failures)} questions to servers have no answer here",
            details=tuple(dict.fromkeys(line for error in failures for line in error.details)),
            hint=failures[0].hint,
            slug=OFFLINE,
        )


def foreign_exceptions() -> tuple[type[Exception], ...]:
    """The roots of all exceptions that the HTTP library raises."""
    import httpx

    return (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)


def translate_exception(error: Exception, address: str, proxy: str | None = None) -> FetchError:
    """The error to show for one of the `foreign_exceptions` during a request to `address`, by way of `proxy`."""
    import httpx

    host = host_of(address)
    certificate = _find_tls_error(error)
    if certificate is not None:
        return _certificate_error(certificate, host)
    reason = quote_reason(re.sub(r"^\[Errno -?[0-9]+\] ", "", str(error)))
    way = "" if proxy is None else f" through the proxy `{show_address(proxy)}`"
    network = "check the network connection" if proxy is None else CHECK_PROXY
    match error:
        case httpx.ConnectTimeout():
            return _network(f"`{host}` does not answer{way}", address, None if proxy is None else CHECK_PROXY)
        case httpx.TimeoutException():
            return _network(f"`{host}` stopped sending", address)
        case httpx.ProxyError():
            return _network(f"`{host}` cannot be reached{way}, which refuses: {reason}", address, CHECK_PROXY)
        case httpx.ConnectError():
            return _network(f"`{host}` cannot be reached{way}: {reason}", address, network)
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return _network(f"the connection to `{host}` broke: {reason}", address)
        case httpx.DecodingError():
            return damaged(address)
        case _:
            # What remains says that a request could not even be formed, or that we used the library wrongly. Its words
            # may quote the address in full.
            return FetchError(
                f"the request to `{host}` could not be made ({type(error).__name__})",
                details=(f"address: {show_address(address)}",),
                slug="fetch-failed",
            )


def status_error(status: int, address: str, retry_after: str | None = None, *, authorized: bool = False) -> FetchError:
    """The error for an answer that says no. `retry_after` is the header of that name; only its seconds are heeded.

    `authorized` says whether a user name and a password were sent.
    """
    message = f"`{host_of(address)}` answered with status {status}"
    details = (f"address: {show_address(address)}",)
    if status in TRANSIENT_STATUSES:
        seconds = re.fullmatch(r"[0-9]{1,6}", retry_after.strip()) if retry_after else None
        wait = float(seconds[0]) if seconds else None
        hint = "try again later"
        return TransientFetchError(message, hint=hint, details=details, slug="fetch-status", wait=wait)
    hint_by_status = {
        401: REFUSED if authorized else "put user name and password into `~/.netrc`",
        403: "check that your user name and password in `~/.netrc` give access",
        407: "put the proxy's user name and password into `https_proxy`",
    }
    return FetchError(message, hint=hint_by_status.get(status), details=details, slug="fetch-status")


def stalled(address: str) -> TransientFetchError:
    """The error for a transfer that goes on without getting anywhere."""
    return TransientFetchError(
        f"`{host_of(address)}` sends too slowly",
        details=(f"address: {show_address(address)}",),
        slug="fetch-network",
    )


def damaged(address: str) -> TransientFetchError:
    """The error for a compressed answer that cannot be unpacked."""
    return _network(f"the answer of `{host_of(address)}` is compressed and damaged", address)


def quote_reason(text: str) -> str:
    """Foreign words for a message: one line, printable, bounded, without a full stop."""
    return re.sub(r"[^ -~]+", " ", text)[:REASON_LIMIT].strip().rstrip(".") or "no reason given"


def _network(message: str, address: str, hint: str | None = None) -> TransientFetchError:
    return TransientFetchError(message, hint=hint, details=(f"address: {show_address(address)}",), slug="fetch-network")


def _find_tls_error(error: BaseException) -> ssl.SSLError | None:
    """The TLS failure that the library wrapped, some layers deep."""
    import ssl

    seen: BaseException | None = error
    for _ in range(10):
        if seen is None or isinstance(seen, ssl.SSLError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _certificate_error(error: ssl.SSLError, host: str) -> FetchError:
    import ssl

    if not isinstance(error, ssl.SSLCertVerificationError):
        return TransientFetchError(
            f"no protected connection to `{host}` could be made: {quote_reason(error.reason or str(error))}",
            slug="fetch-network",
        )
    # Never an offer to go on without verification (FAULTS G-13).
    hint = "name the authority's certificate file in `PIP_CERT`"
    if error.verify_code in CLOCK_CODES:
        hint = "check this machine's clock with `date`; if it is right, the server's certificate is out of date"
    return FetchError(
        f"the certificate of `{host}` is not valid: {quote_reason(error.verify_message)}",
        hint=hint,
        slug="fetch-certificate",
    )
