"""HTTP addresses as text: taken apart, compared by origin, and shown without what is secret in them.

An address inside this package never holds userinfo or a fragment: `parse_address` takes the credentials out once, where
the address enters, and `devenv.fetch.access` keeps them apart (FAULTS H-10).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

ADDRESS_LIMIT = 2048
"""Characters of an address; servers and proxies refuse longer ones."""

SHOWN_LIMIT = 300
"""Characters of an address in a message."""

DEFAULT_PORTS = {"http": 80, "https": 443}
ADDRESS_CHARACTERS = re.compile(r"[!-\[\]-~]+", re.ASCII)
"""Printable, no space, no backslash: what the standard's parsers read in different ways is refused."""


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """An `http` or `https` address without userinfo and fragment, and the userinfo where it had one."""

    address: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def parse_address(text: str) -> ParsedAddress:
    """Take `text` apart.

    Raises ValueError on anything but an `http` or `https` address; its message holds no secret.
    """
    if len(text) > ADDRESS_LIMIT:
        raise ValueError(f"it is longer than {ADDRESS_LIMIT} characters")
    if ADDRESS_CHARACTERS.fullmatch(text) is None:
        raise ValueError("it holds a character that addresses cannot hold")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("its host or port is not valid") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("it does not begin with `https://` or `http://`")
    if not parts.hostname:
        raise ValueError("it names no host")
    address = urlunsplit((parts.scheme, _format_host(parts, port), parts.path or "/", parts.query, ""))
    username = unquote(parts.username) if parts.username is not None else None
    password = unquote(parts.password) if parts.password is not None else None
    return ParsedAddress(address, username, password)


def _format_host(parts: SplitResult, port: int | None) -> str:
    hostname = parts.hostname or ""
    host = f"[{hostname}]" if ":" in hostname else hostname
    return host if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"


def origin_of(address: str) -> str:
    """`https://host:port` of a parsed address: the part that decides who gets to see credentials."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(address: str) -> str:
    """The host of a parsed address, without its port."""
    return urlsplit(address).hostname or ""


def is_loopback(address: str) -> bool:
    """Whether a parsed address stays on this machine."""
    host = host_of(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def show_address(address: str) -> str:
    """An address as messages show it: without userinfo, without the values of a query, bounded.

    Takes anything, also what `parse_address` would refuse.
    """
    text = re.sub(r"[^!-~]", "_", address)
    text = re.sub(r"(?<=//)[^/?#]*@", "", text)
    text = re.sub(r"[?#].*", lambda match: match[0][0] + "…", text)
    return text if len(text) <= SHOWN_LIMIT else text[:SHOWN_LIMIT] + "…"
