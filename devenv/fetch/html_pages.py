"""Reads a project's page of a simple index in HTML (PEP 503, yanked files by PEP 592). Used by `devenv.fetch.pages`."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import unquote, urljoin

from devenv.fetch.listing import FILES_LIMIT, ListedFile, require_version


def parse_html_page(text: str, address: str) -> tuple[str, list[ListedFile]]:
    """The address that links on the page from `address` are relative to, and the files it lists. Raises ValueError."""
    parser = _LinkParser()
    try:
        parser.feed(text)
        parser.close()
    except AssertionError as error:
        # How Python's parser says that it does not know a declaration, such as `<![`.
        raise ValueError(f"it is no HTML: {error}") from error
    return urljoin(address, parser.base), [file for file in map(_listed_file, parser.links) if file is not None]


class _LinkParser(HTMLParser):
    """Collects the links of a page with their attributes, and its base address."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            if len(self.links) >= FILES_LIMIT:
                raise ValueError(f"it lists more than {FILES_LIMIT} files")
            self.links.append(dict(attrs))
        elif tag == "base" and not self.base:
            self.base = dict(attrs).get("href") or ""
        elif tag == "meta" and dict(attrs).get("name") == "pypi:repository-version":
            require_version(dict(attrs).get("content") or "")


def _listed_file(attributes: dict[str, str | None]) -> ListedFile | None:
    link, _, fragment = (attributes.get("href") or "").strip().partition("#")
    if not link:
        return None
    # As pip does it: the file's name is what its address ends in, the text of the link is for people.
    filename = unquote(link.partition("?")[0].rpartition("/")[2])
    algorithm, _, digest = fragment.partition("=")
    sha256 = digest.partition("&")[0].lower() if algorithm == "sha256" else None
    return ListedFile(filename, link, sha256, None, "data-yanked" in attributes)
