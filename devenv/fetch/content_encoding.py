"""The body of a page, unpacked where its server compressed it: by gzip and once, or not at all (RFC 9110, 8.4).

The HTTP library would unpack whatever a server names, in any number of layers and a whole read at once, so that some
kilobytes become gigabytes before anybody looks at a limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from devenv.compression import MAX_BYTES, Compression, InvalidStreamError, iter_decompressed
from devenv.errors import FetchError
from devenv.fetch.addresses import host_of, show_address
from devenv.fetch.http_errors import damaged, quote_reason

PLAIN = {"", "identity"}
GZIP = {"gzip", "x-gzip"}


def iter_content(chunks: Iterator[bytes], encoding: str, address: str) -> Iterator[bytes]:
    """What a body that came as `chunks` from `address` holds, in pieces of at most 1 MiB or as they came.

    `encoding` is the header `Content-Encoding`, empty where there is none. Raises FetchError: `fetch-encoding`, and
    `fetch-network` where the body is damaged or ends too early.
    """
    name = encoding.strip().lower()
    if name in PLAIN:
        return chunks
    if name in GZIP:
        return _iter_gzip(chunks, address)
    raise FetchError(
        f"`{host_of(address)}` compresses its answer in a way that was not asked for: {quote_reason(encoding)}",
        details=(f"address: {show_address(address)}",),
        hint="ask whoever runs the server or proxy to heed `Accept-Encoding`",
        slug="fetch-encoding",
    )


def _iter_gzip(chunks: Iterator[bytes], address: str) -> Iterator[bytes]:
    try:
        # Whoever reads has a limit of its own, far below.
        yield from iter_decompressed(chunks, Compression.GZIP, MAX_BYTES)
    except InvalidStreamError as error:
        raise damaged(address) from error
