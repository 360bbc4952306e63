"""apt's options as its files write them (apt.conf(5)), and its file of logins (apt_auth.conf(5)). Pure.

Of the grammar of options what people use: `Name "value";`, scopes in braces, comments. Lists and `#clear` concern
nothing that is read here, so they are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from devenv.fetch.access import Login
from devenv.fetch.addresses import DEFAULT_PORTS

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/|\#(?!include\b|clear\b)[^\n]*)"""
    r"""|(?P<mark>[{};])|"(?P<quoted>[^"\n]*)"|(?P<word>[^\s{};"]+)""",
    re.DOTALL,
)

DOT_SEGMENT = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\;]|$)")
"""`.` or `..` in a path, also where a server takes backslashes for slashes, or what is behind a semicolon for none."""


def parse_options(text: str) -> dict[str, str]:
    """The options that `text` sets, by their whole names (`acquire::http::proxy`) in lower case.

    Raises ValueError where the text cannot be taken apart.
    """
    options: dict[str, str] = {}
    scope: list[str] = []
    words: list[str] = []
    for mark, word in _iter_tokens(text):
        if not mark:
            words.append(word)
            continue
        if mark == "{":
            scope.append(words[0].lower() if words else "")
        elif mark == "}":
            if not scope:
                raise ValueError("a brace closes nothing")
            scope.pop()
        elif len(words) == 2:
            options["::".join([*scope, words[0].lower()])] = words[1]
        words = []
    if scope:
        raise ValueError("a brace is not closed")
    return options


def _iter_tokens(text: str) -> Iterator[tuple[str, str]]:
    """Each token as a mark, or as a word behind an empty mark."""
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError("a quotation mark is not closed")
        position = match.end()
        if match["space"] is None:
            yield match["mark"] or "", match["quoted"] if match["quoted"] is not None else match["word"] or ""


@dataclass(frozen=True, slots=True)
class AptLogin:
    """Who the user is at the servers that an entry of `auth.conf` speaks of. Shows nothing of what it holds."""

    scheme: str
    """Empty: any that is protected."""
    host: str
    port: int | None
    path: str
    login: Login = field(repr=False)

    def matches(self, address: str) -> bool:
        """Whether it is meant for `address`: host, port where it says one, and the beginning of the path.

        Never for an address whose path has segments of dots.
        """
        parts = urlsplit(address)
        # Servers, and whoever sends the request, go up by these, out of the path that the login is meant for.
        if DOT_SEGMENT.search(unquote(parts.path)) is not None:
            return False
        scheme = parts.scheme == self.scheme if self.scheme else parts.scheme == "https"
        # Addresses name no port that is their scheme's own.
        port = self.port is None or (parts.port or DEFAULT_PORTS.get(parts.scheme)) == self.port
        # Not `/debian` for `/debian-private`.
        path = self.path.rstrip("/")
        below = parts.path == path or parts.path.startswith(f"{path}/")
        return scheme and port and parts.hostname == self.host and below


def parse_logins(text: str) -> list[AptLogin]:
    """The entries of an `auth.conf`; what is incomplete is left out."""
    words = iter(re.sub(r"(?m)^\s*#.*$", "", text).split())
    entries: list[dict[str, str]] = []
    for word in words:
        if word == "machine":
            entries.append({"machine": next(words, "")})
        elif word in {"login", "password"} and entries:
            entries[-1][word] = next(words, "")
    return [login for entry in entries if (login := _make_login(entry)) is not None]


def _make_login(entry: dict[str, str]) -> AptLogin | None:
    scheme, separator, rest = entry["machine"].rpartition("://")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or not entry.get("login"):
        return None
    return AptLogin(scheme if separator else "", host, port, parts.path, (entry["login"], entry.get("password", "")))
