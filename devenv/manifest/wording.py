"""How messages show what stands in a file, and what they suggest.

Nothing from outside gets into a message unbounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHOWN_LIMIT = 60
"""Characters of foreign text in a message: enough to recognise a name, too few to push the rest off the screen."""

SHOWN_PATH_LIMIT = 200
"""Characters of a foreign path: more than real ones have, and still few lines."""

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def format_shown(text: str) -> str:
    """`text` for a message: one line, control characters escaped, cut to `SHOWN_LIMIT`."""
    return _format_cut(text, SHOWN_LIMIT)


def format_shown_path(path: bytes) -> str:
    """A path or a name out of an archive for a message: the same, cut to `SHOWN_PATH_LIMIT`."""
    # A character has at most four bytes: this is one more than is shown.
    return _format_cut(path[: SHOWN_PATH_LIMIT * 4 + 4].decode(errors="replace"), SHOWN_PATH_LIMIT)


def _format_cut(text: str, limit: int) -> str:
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:limit])
    return shown if len(text) <= limit else f"{shown}…"


def format_path(path: Iterable[str | int]) -> str:
    """A key's path as TOML spells it: `packages.nodejs`, `project.systems[1]`, `env."a b"`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            key = part if BARE_KEY.fullmatch(part) else f'"{part}"'
            shown += f".{format_shown(key)}" if shown else format_shown(key)
    return shown


def format_names(names: Iterable[str]) -> str:
    """Names in their order for a message: `a`, `b`, `c`."""
    return ", ".join(f"`{name}`" for name in sorted(names))


def find_closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The member of `known` that somebody who wrote `word` most likely meant, or None.

    `likeness` is the least ratio that counts, as `difflib` defines it (1.0: the same word).
    """
    import difflib

    # The comparison is quadratic: a key as long as the file must not be compared at its full length.
    matches = difflib.get_close_matches(word[:SHOWN_LIMIT].lower(), sorted(known), n=1, cutoff=likeness)
    return matches[0] if matches else None
