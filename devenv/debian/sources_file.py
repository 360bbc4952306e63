"""Reads a `Sources` file: the index of the source packages of one component (deb822(5)); see `packages_file`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from devenv.debian.packages_file import iter_blocks
from devenv.debian.record import ARCHIVES
from devenv.debian.source_record import SourceRecord, make_source_record

FIELDS = re.compile(r"\n(Package|Version|Directory|Format|Checksums-Sha256):[ \t]*(.*(?:\n[ \t].*)*)")


def iter_source_records(chunks: Iterable[bytes], archive: str) -> Iterator[SourceRecord]:
    """The source packages that the index in `chunks` lists, in its order; `archive` is `main` or `security`.

    Raises ValueError where a paragraph is not valid; the message names it.
    """
    if archive not in ARCHIVES:
        raise ValueError(f"`{archive}` is no archive")
    for block in iter_blocks(chunks):
        for stanza in block.decode(errors="replace").split("\n\n"):
            if stanza and not stanza.isspace():
                yield make_source_record(_read_fields(stanza), archive)


def _read_fields(stanza: str) -> dict[str, str]:
    found = FIELDS.findall("\n" + stanza)
    fields = dict(found)
    if len(fields) != len(found):
        raise ValueError(f"{fields.get('Package', '')[:100]!a} in the index of sources has a field twice")
    return fields
