"""How well a word fits a named thing with a summary: what searches of all package sets share."""

from __future__ import annotations

import re
from collections.abc import Collection

PART_LENGTH = 3
"""Shorter words must stand for themselves: the `c` of `duckdb` is no answer to `c`."""


def rank_word(word: str, name: str, summary: str, programs: Collection[str] = ()) -> int | None:
    """How well `word` (lower case) fits, 0 best; None where it does not.

    The name comes first, then the names of programs, then the summary; whole words come before parts.
    """
    is_part = len(word) >= PART_LENGTH
    summary = summary.lower()
    if word == name:
        return 0
    if word in programs:
        return 1
    if name.startswith(word):
        return 2
    if is_part and word in name:
        return 3
    # The costly question only where its answer can be yes: a Debian suite has 70,000 summaries.
    if word not in summary:
        return None
    if word in re.findall(r"[\w+#.-]*[\w+#]", summary):
        return 4
    return 5 if is_part else None
