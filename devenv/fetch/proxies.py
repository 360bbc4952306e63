"""Which proxy a request goes through, for messages: the HTTP library does not say it when one fails."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def find_proxy(address: str, proxies: Mapping[str, str | None]) -> str | None:
    """The proxy on the way to `address`, secrets included, as an address; None where there is none.

    `proxies` are those of `ServerAccess`; for what they do not name, the environment decides.
    """
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(address)
    host = parts.hostname or ""
    named = [place for place in (f"{parts.scheme}://{host}", f"{parts.scheme}://") if place in proxies]
    if named:
        found = proxies[named[0]]
    elif parts.scheme not in {"http", "https"} or proxy_bypass(host):
        return None
    else:
        of_environment = getproxies()
        found = of_environment.get(parts.scheme) or of_environment.get("all")
    return found if found is None or "://" in found else f"http://{found}"
