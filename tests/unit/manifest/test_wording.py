"""What stands in a file is shown bounded, on one line, and without what steers a terminal."""

from __future__ import annotations

import pytest

from devenv.manifest.wording import SHOWN_LIMIT, SHOWN_PATH_LIMIT, format_shown, format_shown_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"usr/bin/tool", "usr/bin/tool"),
        ("usr/share/Größe".encode(), "usr/share/Größe"),
        (b"a\nb\x1b[31m\xff", "a\\nb\\x1b[31m�"),
        (b"n" * SHOWN_PATH_LIMIT, "n" * SHOWN_PATH_LIMIT),
        (b"n" * (SHOWN_PATH_LIMIT + 1), "n" * SHOWN_PATH_LIMIT + "…"),
        ("🐢".encode() * 5000, "🐢" * SHOWN_PATH_LIMIT + "…"),
    ],
)
def test_paths(path: bytes, shown: str) -> None:
    """A path out of an archive comes as it is where it is plain; all else is escaped, and cut."""
    assert format_shown_path(path) == shown


def test_texts() -> None:
    """A text out of a manifest likewise, with a lower bound."""
    assert format_shown("a\nb") == "a\\nb"
    assert format_shown("n" * 1000) == "n" * SHOWN_LIMIT + "…"
