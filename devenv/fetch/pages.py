"""Reads the answer of a simple index about one project, HTML (PEP 503, 592) or JSON (PEP 691, 700). Pure.

Only what can be pinned is kept: wheels with a SHA-256, a plain file name and a plain address. Weaker hashes are as
good as none (FAULTS I-14). An answer that lists no file at all is no index page: login pages of networks look like
that (G-14).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from devenv.digest import SHA256_HEX
from devenv.errors import FetchError
from devenv.fetch.addresses import parse_address, show_address
from devenv.fetch.listing import ListedFile
from devenv.fetch.locators import make_locator
from devenv.packages.wheels import FILENAME_LIMIT, WheelFile

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.1, text/html;q=0.01"
"""As pip asks: JSON where the server has it, because only JSON tells sizes."""

PAGE_LIMIT = 64 << 20
"""Bytes of an answer; the largest projects of the public index stay below 10 MB."""

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPES = {"application/vnd.pypi.simple.v1+html", "text/html"}

WHEEL_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl", re.ASCII)
DISTRIBUTION_FILENAME = re.compile(r".*\.(whl|tar\.gz|zip|tar\.bz2|tar\.xz|tgz|egg|exe|msi|rpm|deb|dmg)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class IndexPage:
    """What an index says about a project."""

    wheels: tuple[WheelFile, ...]
    bases: tuple[str, ...]
    """Addresses below which the files lie (see `devenv.fetch.locators`), the most frequent first."""


def parse_page(content: bytes, content_type: str, address: str, index: str) -> IndexPage:
    """Read the answer that came from `address`, when `index` was asked.

    Raises FetchError (`index-invalid`) where it is no answer of an index, or lists wheels but none that can be pinned.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        text = content.decode()
        if media_type == JSON_TYPE:
            from devenv.fetch.json_pages import parse_json_page

            base, listed = address, parse_json_page(text)
        elif media_type in HTML_TYPES:
            from devenv.fetch.html_pages import parse_html_page

            base, listed = parse_html_page(text, address)
        else:
            raise ValueError("it is neither HTML nor JSON of a simple index")
        if not any(DISTRIBUTION_FILENAME.fullmatch(file.filename) for file in listed):
            raise ValueError("it lists no file")
    except ValueError as error:
        raise FetchError(
            f"what the package index answered cannot be used: {error}",
            details=(f"address: {show_address(address)}", f"content type: {media_type[:80]!r}"),
            hint="check that the address of the index is right, and that no login page of the network answers for it",
            slug="index-invalid",
        ) from None
    return _keep_pinnable(listed, base, address, index)


def _keep_pinnable(listed: Iterable[ListedFile], base: str, address: str, index: str) -> IndexPage:
    wheels: list[WheelFile] = []
    bases: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for file in listed:
        if not file.filename.endswith(".whl"):
            continue
        try:
            if len(file.filename) > FILENAME_LIMIT or WHEEL_FILENAME.fullmatch(file.filename) is None:
                raise ValueError("its file name is not valid")
            if file.sha256 is None or SHA256_HEX.fullmatch(file.sha256) is None:
                raise ValueError("it has no SHA-256")
            located = make_locator(parse_address(_join(base, file.link)).address, index)
        except ValueError as error:
            reasons[str(error)[:100]] += 1
            continue
        bases[located.base] += 1
        wheels.append(WheelFile(file.filename, located.locator, file.sha256, file.size, file.yanked, file.uploaded))
    if reasons and not wheels:
        raise FetchError(
            "the package index lists wheels, but none that can be pinned",
            details=(
                f"address: {show_address(address)}",
                *(f"{count} left out: {reason}" for reason, count in sorted(reasons.items())[:5]),
            ),
            slug="index-invalid",
        )
    return IndexPage(tuple(wheels), tuple(base for base, _ in bases.most_common()))


def _join(base: str, link: str) -> str:
    return link if link.startswith(("https://", "http://")) else urljoin(base, link)
