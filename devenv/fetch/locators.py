"""Between addresses and locators: how a lock names a file of the registry `pypi:` without saying where that lies.

A locator is `pypi:` and a path (`devenv.lock.grammar` has the grammar) in one of three forms:

- `pypi:packages/<2 hex>/<2 hex>/<60 hex>/<file>`: the canonical layout of the public index, which its full mirrors
share;
- `pypi:../files/<file>`: relative to the index address, for registries that keep files beside the index;
- `pypi:/some/path/<file>`: the path on its host, for registries whose files lie on another one.

The first moves between all mirrors, the others between servers of the same kind. `make_locator` also says below which
address the file lay (its *base*): remembered, it lets a lock be realized without a look at the index.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from devenv.fetch.access import Login, RegistryAccess
from devenv.fetch.addresses import origin_of, parse_address
from devenv.lock.grammar import ARTIFACT_LOCATOR

SHOWN_LENGTH = 200

CANONICAL = re.compile(r"packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+", re.ASCII)
PARTS = re.compile(r"pypi:(?P<climb>/|(?:\.\./)*)(?P<path>.+)", re.DOTALL)
"""What stands before the first name, and the rest, of a text that the grammar of locators has accepted."""


@dataclass(frozen=True, slots=True)
class Located:
    """A file's locator, and the base that it must be joined to in order to give the address it was made from."""

    locator: str
    base: str


def parse_locator(locator: str) -> tuple[str, str]:
    """What stands before the first name (empty, `/`, or some `../`), and the path from there on.

    Raises ValueError on anything that is no locator of this registry.
    """
    match = PARTS.fullmatch(locator)
    if match is None or ARTIFACT_LOCATOR.pattern.fullmatch(locator) is None:
        raise ValueError(f"{locator[:SHOWN_LENGTH]!r} is no locator of the registry `pypi:`")
    return match["climb"], match["path"]


def make_locator(address: str, index: str) -> Located:
    """The locator of the file at `address` (parsed, see `devenv.fetch.addresses`), listed by the index at `index`.

    Raises ValueError for an address that cannot be pinned: one with a query (such addresses are signed, and expire), or
    with a path outside the grammar.
    """
    parts = urlsplit(address)
    if parts.query:
        raise ValueError("its address holds a query")
    origin = origin_of(address)
    path = quote(parts.path, safe="/%~!$&'()*+,;=:@")
    canonical = re.search(rf"(?<=/){CANONICAL.pattern}$", path)
    if canonical is not None:
        located = Located(f"pypi:{canonical[0]}", origin + path[: canonical.start()])
    else:
        relative = posixpath.relpath(path, urlsplit(index).path)
        plain = ":" not in relative.partition("/")[0] and urljoin(index, relative) == origin + path
        if plain and origin == origin_of(index):
            located = Located(f"pypi:{relative}", index)
        else:
            located = Located(f"pypi:{path}", f"{origin}/")
    parse_locator(located.locator)
    return located


def candidate_addresses(locator: str, access: RegistryAccess) -> tuple[str, ...]:
    """The addresses at which the user's configuration says that `locator` may lie, best first, without repetition.

    Asks no index. Empty where the locator climbs out of every server there is. Raises ValueError as `parse_locator`.
    """
    climb, path = parse_locator(locator)
    if climb == "/":
        origins = [origin_of(base) for base in (*access.files, access.index)]
        candidates = [f"{origin}/{path}" for origin in origins]
    elif CANONICAL.fullmatch(path) and not climb:
        beside = urljoin(access.index, "..")
        bases = [*access.files, beside, f"{origin_of(access.index)}/"]
        candidates = [base + path for base in bases]
    else:
        depth = urlsplit(access.index).path.count("/") - 1
        candidates = [urljoin(access.index, climb + path)] if climb.count("../") <= depth else []
    return tuple(dict.fromkeys(candidates))


def parse_base(text: str) -> str:
    """An address below which files or index pages lie, with its final slash. Raises ValueError."""
    address = parse_address(text).address
    if "?" in address:
        raise ValueError("it holds a query")
    return address if address.endswith("/") else f"{address}/"


def parse_own_base(text: str, logins: dict[str, Login]) -> str:
    """The base address of a server or of a directory of this machine, which `text` says as one of its user wrote it.

    Takes `https:`, `http:`, `file:` and absolute paths; what userinfo there is goes to `logins`. Raises ValueError.
    """
    if text.startswith("/"):
        text = "file:" + quote(text)
    if text.startswith("file:"):
        path = re.sub(r"^file:(?://(?:localhost)?(?=/))?", "", text)
        if not path.startswith("/"):
            raise ValueError("it is no absolute path")
        # The rules of addresses hold for the rest as well; the host is only there for them.
        return "file:" + parse_base(f"http://localhost{path}").removeprefix("http:")
    if not text.lower().startswith(("https:", "http:")):
        raise ValueError("it does not begin with `https://`, `http://`, `file:` or `/`")
    parsed = parse_address(text)
    base = parse_base(parsed.address)
    if parsed.username is not None:
        logins[origin_of(base)] = (parsed.username, parsed.password or "")
    return base
