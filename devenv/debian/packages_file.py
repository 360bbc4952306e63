"""Reads a `Packages` file: the index of the binary packages of one component and architecture (deb822(5)).

An archive's index has some 70,000 paragraphs in 55 MB and is read whenever it changes, so the text is cut by regular
expressions block by block, and only the fields that somebody uses are looked at. Field names are taken as the archive's
own software spells them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from devenv.debian.record import ARCHIVES, DebRecord, make_record

STANZA_LIMIT = 1 << 20
"""Bytes of one paragraph; the longest real one has 50,000."""

FIELDS = re.compile(
    r"\n(P(?:ackage|re-Depends|rovides)|Version|Architecture|S(?:ection|ize|HA256)|De(?:scription|pends)|Homepage"
    r"|Multi-Arch|Essential|Filename):[ \t]*(.*(?:\n[ \t].*)*)"
)
"""The fields of a paragraph that begins with a line break; a value goes on in lines that begin with white space."""


def iter_records(chunks: Iterable[bytes], archive: str) -> Iterator[DebRecord]:
    """The packages that the index in `chunks` lists, in its order; `archive` is `main` or `security`.

    Raises ValueError where a paragraph is not valid; the message names it.
    """
    if archive not in ARCHIVES:
        raise ValueError(f"`{archive}` is no archive")
    for block in iter_blocks(chunks):
        # Only summaries are not plain ASCII, and one that is wrongly encoded is no reason to do without the index.
        for stanza in block.decode(errors="replace").split("\n\n"):
            if stanza and not stanza.isspace():
                yield make_record(_read_fields(stanza), archive)


def iter_blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut between paragraphs."""
    rest = b""
    for chunk in chunks:
        whole, separator, last = (rest + chunk).rpartition(b"\n\n")
        if separator:
            yield whole
        rest = last
        if len(rest) > STANZA_LIMIT:
            raise ValueError(f"a paragraph of the package index has more than {STANZA_LIMIT} bytes")
    yield rest


def _read_fields(stanza: str) -> dict[str, str]:
    found = FIELDS.findall("\n" + stanza)
    fields = dict(found)
    if len(fields) != len(found):
        raise ValueError(f"{fields.get('Package', '')[:100]!a} in the package index has a field twice")
    return fields
