"""Reads a project's page of a simple index in JSON (PEP 691, sizes and times by PEP 700). Used by `devenv.fetch.pages`.

A module of its own because `msgspec` is worth loading only where a server speaks JSON.
"""

from __future__ import annotations

from urllib.parse import urldefrag

import msgspec

from devenv.dates import parse_time
from devenv.fetch.listing import FILES_LIMIT, ListedFile, require_version

SIZE_LIMIT = 1 << 40
"""Bytes of a file that an index may claim."""


class Meta(msgspec.Struct):
    """The page about itself."""

    version: str = msgspec.field(name="api-version")


class File(msgspec.Struct):
    """One file; what devenv does not use is skipped unread."""

    filename: str
    url: str
    hashes: dict[str, str]
    size: int | None = None
    yanked: bool | str = False
    uploaded: object = msgspec.field(name="upload-time", default=None)
    """Not checked on reading: a time that is none costs the time, not the page."""


class Document(msgspec.Struct):
    """The page."""

    meta: Meta
    files: list[File]


def parse_json_page(text: str) -> list[ListedFile]:
    """The files that the page lists. Raises ValueError."""
    try:
        document = msgspec.json.decode(text, type=Document)
    except msgspec.MsgspecError as error:
        raise ValueError(f"its JSON is not that of a simple index: {str(error)[:200]}") from error
    require_version(document.meta.version)
    if len(document.files) > FILES_LIMIT:
        raise ValueError(f"it lists more than {FILES_LIMIT} files")
    return [_listed_file(file) for file in document.files]


def _listed_file(file: File) -> ListedFile:
    size = file.size if file.size is not None and 0 <= file.size <= SIZE_LIMIT else None
    # The reason for a withdrawal may be an empty string, and is one nevertheless.
    yanked = file.yanked is not False
    return ListedFile(
        file.filename, urldefrag(file.url)[0], file.hashes.get("sha256"), size, yanked, parse_upload_time(file.uploaded)
    )


def parse_upload_time(text: object) -> int | None:
    """`2026-11-01T08:00:00.123456Z` → seconds since the epoch; None for all that is no such time."""
    return parse_time(text) if isinstance(text, str) else None
