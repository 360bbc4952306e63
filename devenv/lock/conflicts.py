"""Takes a text with the markers of a merge conflict apart, into what each side has.

Outside of the markers stands what git merged by itself, line by line, which both sides get.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from devenv.lock.sections import LINE_LIMIT, LineError

MARKER = re.compile(r"(?P<kind><{7}|\|{7}|={7}|>{7})(?: .*)?")
"""As git writes them: seven of a kind at the beginning of a line, in front of a blank and a name, or of nothing."""

OURS, BASE, THEIRS, BOTH = "ours", "base", "theirs", "both"
FOLLOWING = {
    (BOTH, "<"): OURS,
    (OURS, "|"): BASE,
    (OURS, "="): THEIRS,
    (BASE, "="): THEIRS,
    (THEIRS, ">"): BOTH,
}
"""Where a marker leads from each part of a text; anything else is out of order."""


@dataclass(frozen=True, slots=True)
class ConflictSides:
    """A text as each side has it. `base` is what both began with, where every conflict shows it (`diff3`)."""

    ours: str
    theirs: str
    base: str | None


def has_conflicts(text: str) -> bool:
    """Whether a line of `text` is a marker."""
    return any(MARKER.fullmatch(line) for line in text.replace("\r\n", "\n").split("\n"))


def split_conflicts(text: str) -> ConflictSides:
    """The sides of `text`. Raises LineError at a marker that is out of order."""
    lines: dict[str, list[str]] = {OURS: [], BASE: [], THEIRS: []}
    part, opened, shown = BOTH, 0, set()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n", LINE_LIMIT), start=1):
        marker = MARKER.fullmatch(line)
        if marker is not None:
            following = FOLLOWING.get((part, marker["kind"][0]))
            if following is None:
                raise LineError("this marker of a merge conflict is out of order", number)
            if following == OURS:
                opened = number
            if part == BASE or (part == OURS and following == THEIRS):
                shown.add(part == BASE)
            part = following
            continue
        for side in lines if part == BOTH else (part,):
            lines[side].append(line)
    if part != BOTH:
        raise LineError("this merge conflict does not end", opened)
    base = None if False in shown else "\n".join(lines[BASE])
    return ConflictSides("\n".join(lines[OURS]), "\n".join(lines[THEIRS]), base)
